"use strict";
// One filter for everything: marks, lines, bars and rows of trials that are not chosen are hidden.
(() => {
  const data = JSON.parse(document.getElementById("trials").textContent);
  const form = document.getElementById("filter");
  const said = document.getElementById("filter-says");
  const parameter = form.elements.parameter;
  const elements = new Map();
  for (const element of document.querySelectorAll("[data-trial]")) {
    const trial = Number(element.dataset.trial);
    if (!elements.has(trial)) elements.set(trial, []);
    elements.get(trial).push(element);
  }
  // Numbers have a range, choices a list.
  const fields = () => {
    const chosen = data.parameters[parameter.selectedIndex - 1];
    document.getElementById("filter-numbers").hidden = !chosen || chosen.choices !== null;
    const choice = document.getElementById("filter-choice");
    choice.hidden = !chosen || chosen.choices === null;
    const list = form.elements.choice;
    list.replaceChildren();
    for (const value of chosen && chosen.choices ? chosen.choices : []) {
      const option = document.createElement("option");
      option.textContent = value;
      list.append(option);
    }
  };
  const number = (name, otherwise) => {
    const text = form.elements[name].value.trim();
    return text === "" || Number.isNaN(Number(text)) ? otherwise : Number(text);
  };
  const apply = () => {
    const [first, last] = [number("first", -Infinity), number("last", Infinity)];
    const state = form.elements.state.value;
    const index = parameter.selectedIndex - 1;
    const chosen = data.parameters[index];
    const [low, high] = [number("low", -Infinity), number("high", Infinity)];
    let count = 0;
    for (const [trial, itsState, values] of data.trials) {
      let fits = trial >= first && trial <= last && (state === "" || state === itsState);
      if (fits && chosen) {
        fits = chosen.choices === null
          ? values[index] >= low && values[index] <= high
          : values[index] === form.elements.choice.value;
      }
      if (fits) count += 1;
      for (const element of elements.get(trial) ?? []) {
        element.style.display = fits ? "" : "none";
      }
    }
    said.textContent = `${count} of ${data.trials.length} trials`;
  };
  parameter.addEventListener("change", fields);
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { fields(); apply(); }));
  fields();
  apply();
  document.getElementById("filter-box").hidden = false;
})();
