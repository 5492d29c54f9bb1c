"""A web server on this computer: the tasks as an HTTP API.

- `limits`, `jobs`, `gate`: how much is accepted, what waits and runs, who may ask.
- `tasks`: what each task makes of an uploaded file; the JSON is that of the commands.
- `api`: the addresses below `/v1`; `app` puts everything together and runs it.
- `static`: pages, plain HTML, CSS and JavaScript modules; nothing is fetched elsewhere.

Here belongs what is spoken over HTTP. Analysis is in the tasks' own modules, files are in
`formats`. FastAPI and uvicorn (the extra `page`) are imported here alone.
"""
