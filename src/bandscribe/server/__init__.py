"""A web server on this computer: the tasks as an HTTP API, and a page to correct a drum part on.

- `limits`, `jobs`, `gate`: how much is accepted, what waits and runs, who may ask.
- `tasks`: what each task makes of a file; the JSON is that of the commands.
- `api`: the addresses below `/v1`; `app` puts everything together and runs it.
- `recording`, `waveform`, `sound`, `export`, `page`: the recording that `bandscribe open` shows,
  and the addresses below `/page`.
- `static`: the page itself, plain HTML, CSS and JavaScript modules; nothing is fetched elsewhere.

Here belongs all that concerns HTTP. Analysis is in the tasks' own modules, files are in
`formats`. FastAPI and uvicorn (the extra `page`) are imported here alone.
"""
