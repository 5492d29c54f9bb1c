// The documentation of the API, drawn from what the server says of itself in openapi.json.

const make = (tag, text = "", ...children) => {
  const element = document.createElement(tag);
  element.textContent = text;
  element.append(...children);
  return element;
};

const row = (...cells) => make("tr", "", ...cells.map((cell) => make("td", cell)));

function spell(schema = {}) {
  if (schema.enum) return schema.enum.join(" | ");
  const kinds = (schema.anyOf ?? [schema]).map((each) =>
    each.type === "array" ? `${spell(each.items)}, repeated` : each.type);
  return kinds.filter((kind) => kind && kind !== "null").join(" | ");
}

function describe(path, method, operation) {
  const parameters = make("table");
  for (const { name, schema, description = "" } of operation.parameters ?? []) {
    const initial = schema.default ?? null;
    parameters.append(row(name, spell(schema), initial === null ? "" : `default ${initial}`,
      schema.description ?? description));
  }
  if (operation.requestBody) parameters.append(row("file", "multipart/form-data", "", "The recording."));
  const answers = make("table");
  for (const [status, { description }] of Object.entries(operation.responses)) {
    answers.append(row(status, description));
  }
  const title = make("h2", "", make("b", `${method.toUpperCase()} ${path}`), operation.summary ?? "");
  return make("section", "", title, make("p", operation.description ?? ""), parameters, answers);
}

const api = await (await fetch("/openapi.json")).json();
document.querySelector("#version").textContent = api.info.version;
document.querySelector("#about").textContent = api.info.description;
for (const place of document.querySelectorAll(".origin")) place.textContent = location.origin;
const list = document.querySelector("#addresses");
for (const [path, methods] of Object.entries(api.paths)) {
  for (const [method, operation] of Object.entries(methods)) list.append(describe(path, method, operation));
}
