// Dark and light: as the system has it, until the button is pressed. Colours of the canvas are those
// of the style sheet.

let colours = null;
const listeners = [];
const system = matchMedia("(prefers-color-scheme: dark)");

function apply() {
  const chosen = localStorage.getItem("bandscribe-theme");
  document.documentElement.classList.toggle("dark", chosen ? chosen === "dark" : system.matches);
  colours = null;
  for (const listener of listeners) listener();
}

export function toggleTheme() {
  const dark = document.documentElement.classList.contains("dark");
  localStorage.setItem("bandscribe-theme", dark ? "light" : "dark");
  apply();
}

export const onTheme = (listener) => listeners.push(listener);

export function colour(name) {
  colours ??= getComputedStyle(document.documentElement);
  return colours.getPropertyValue(`--${name}`);
}

system.addEventListener("change", apply);
apply();
