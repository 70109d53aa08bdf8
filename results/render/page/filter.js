// Shows the rows that fit every filter of their table. Each select carries
// the name of a data attribute; "" shows all.
for (const box of document.querySelectorAll("fieldset[data-for]")) {
  const rows = document.querySelectorAll("#" + box.dataset.for + " tbody tr");
  const selects = box.querySelectorAll("select");
  const apply = () => {
    for (const row of rows) {
      row.hidden = [...selects].some(s => s.value && !row.dataset[s.name].split(" ").includes(s.value));
    }
  };
  for (const s of selects) s.addEventListener("change", apply);
}
