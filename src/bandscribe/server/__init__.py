"""A local web server: the four analyses as an HTTP API, and the page on which a part is corrected.

- `limits`, `jobs`, `gate`, `connections`: limits, the queue of jobs, and access control.
- `tasks`: the analyses; their JSON is that of the commands.
- `api`: the routes below `/v1`; `app` assembles the application and runs it.
- `recording`, `waveform`, `sound`, `export`, `page`: the recording that `bandscribe open` shows,
  and the routes below `/page`.
- `static`: the page itself: plain HTML, CSS and JavaScript modules, which fetch nothing elsewhere.

Everything that concerns HTTP is here, and nothing else; only this package imports FastAPI and
uvicorn (the extra `page`).
"""
