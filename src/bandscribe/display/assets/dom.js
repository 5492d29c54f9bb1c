"use strict";
// What every page begins with: the data that it was filled with, and elements made of them. Text of
// the data is never read as markup.
const data = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const known = (value) => value !== null && value !== undefined;

// An element, or a shape of SVG: its attributes (`style` by property), then what it holds: elements,
// texts and numbers, in lists if need be.
const element = (tag, attributes, ...children) => make(document.createElement(tag), attributes, children);
const shape = (tag, attributes, ...children) =>
  make(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
function make(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name !== "style") node.setAttribute(name, value);
    else for (const [property, setting] of Object.entries(value)) node.style.setProperty(property, setting);
  }
  for (const child of children.flat(Infinity)) if (known(child)) node.append(child);
  return node;
}

// Put these in the place of what a node holds.
function show(node, ...children) {
  node.replaceChildren();
  return make(node, {}, children);
}
