// What tests/fleet/report.sh does in a report: it acts as a person, and lists what it sees.
const seen = {};
// Without a screen there are no frames.
window.requestAnimationFrame = draw => setTimeout(draw, 0);
const wait = () => new Promise(done => setTimeout(done, 100));
const type = text => { $("search").value = text; $("search").dispatchEvent(new Event("input")); };
const rows = () => document.querySelectorAll("#bars .row");

async function drive() {
  seen.found = $("found").textContent;
  seen.rows = rows().length;
  seen.marks = document.querySelectorAll("#bars .mark").length;
  seen.ends = document.querySelectorAll("#ends rect").length;
  seen.pulls = $("pulls").rows.length;
  seen.failures = $("failures").rows.length;
  seen.outliers = [...document.querySelectorAll("tr.outlier")].map(row =>
    row.closest("table").dataset.by + " " + row.cells[0].textContent).join(", ");

  const name = rows()[0].querySelector(".name").textContent;
  $("rows").scrollTop = 100000;
  $("rows").dispatchEvent(new Event("scroll"));
  await wait();
  seen.scrolled = rows().length === 0 || rows()[0].querySelector(".name").textContent !== name ? "yes" : "no";

  const before = view.to - view.from;
  $("in").click();
  const closer = view.to - view.from;
  $("all").click();
  seen.zoomed = closer < before && view.to - view.from === before ? "yes" : "no";

  document.documentElement.dataset.theme = "light";
  $("theme").click();
  const themes = [document.documentElement.dataset.theme];
  $("theme").click();
  seen.themes = [...themes, document.documentElement.dataset.theme].join(" ");

  type("job-7.1007");
  seen.searched = $("found").textContent;
  const bar = rows()[0];
  if (bar) {
    seen.bar = bar.querySelector(".name").textContent;
    bar.querySelector(".s5, .name").dispatchEvent(
      new MouseEvent("mousemove", {bubbles: true, clientX: 400, clientY: 300}));
    seen.tip = $("tip").hidden ? "" : $("tip").innerText.replace(/\s+/g, " ");
  }
  type("");
  seen.problems = problems.join(" ");
  for (const key in seen) document.body.append(element("li", {class: "seen"}, `${key}=${seen[key]}`));
}

drive();
