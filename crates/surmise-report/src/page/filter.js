"use strict";
// Hides the marks, lines, bars and rows of the trials that the filter excludes.
(() => {
  const data = JSON.parse(document.getElementById("trials").textContent);
  const form = document.getElementById("filter");
  const output = document.getElementById("filter-says");
  const parameter = form.elements.parameter;
  const elements = new Map();
  for (const element of document.querySelectorAll("[data-trial]")) {
    const trial = Number(element.dataset.trial);
    if (!elements.has(trial)) elements.set(trial, []);
    elements.get(trial).push(element);
  }
  // Shows a range for a number, a list for a category.
  const updateFields = () => {
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
  const readNumber = (name, fallback) => {
    const text = form.elements[name].value.trim();
    return text === "" || Number.isNaN(Number(text)) ? fallback : Number(text);
  };
  const apply = () => {
    const [first, last] = [readNumber("first", -Infinity), readNumber("last", Infinity)];
    const state = form.elements.state.value;
    const index = parameter.selectedIndex - 1;
    const chosen = data.parameters[index];
    const [low, high] = [readNumber("low", -Infinity), readNumber("high", Infinity)];
    let count = 0;
    for (const [trial, trialState, values] of data.trials) {
      let isShown = trial >= first && trial <= last && (state === "" || state === trialState);
      if (isShown && chosen) {
        isShown = chosen.choices === null
          ? values[index] >= low && values[index] <= high
          : values[index] === form.elements.choice.value;
      }
      if (isShown) count += 1;
      for (const element of elements.get(trial) ?? []) {
        element.style.display = isShown ? "" : "none";
      }
    }
    output.textContent = `${count} of ${data.trials.length} trials`;
  };
  parameter.addEventListener("change", updateFields);
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { updateFields(); apply(); }));
  updateFields();
  apply();
  document.getElementById("filter-box").hidden = false;
})();
