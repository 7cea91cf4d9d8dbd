#!/usr/bin/env python3
"""Opens reports in Chromium, and looks at them as a person would.

    python3 crates/surmise-report/tests/browser/browser.py target/debug/examples/reports [--pictures FOLDER]

The program writes the pages that are opened. Of each page: no error on the console, no request, every picture as large as it should be, open within
a second, and the filter, which is clicked, hides what it should. With --pictures, screenshots at 400 and 1,280 pixels, in the dark, and on paper.
"""

import argparse
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# Runs in the page, in the place of a person: measures, filters, and leaves what it saw in the document.
PROBE = """
<script>
(() => {
  // All is laid out and its own script has run.
  document.body.getBoundingClientRect();
  const seen = { errors: window.__errors, requests: [], pictures: [], filters: [], milliseconds: performance.now() };
  const finish = () => {
    for (const svg of document.querySelectorAll("svg")) {
      const box = svg.getBoundingClientRect();
      seen.pictures.push([box.width, box.height]);
    }
    seen.scrolls = document.documentElement.scrollWidth > document.documentElement.clientWidth + 1;
    seen.requests = performance.getEntriesByType("resource").map((entry) => entry.name);
    const out = document.createElement("pre");
    out.id = "probe";
    out.textContent = JSON.stringify(seen);
    document.body.append(out);
  };
  if (document.getElementById("filter") === null) return finish();
  const visible = () => [...document.querySelectorAll("tbody tr[data-trial]")].filter((row) => row.style.display !== "none").length;
  const marks = () => [...document.querySelectorAll("svg [data-trial]")].filter((mark) => mark.style.display !== "none").length;
  const form = document.getElementById("filter");
  const set = (name, value) => {
    form.elements[name].value = value;
    form.elements[name].dispatchEvent(new Event("change", { bubbles: true }));
    form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
  };
  const note = (what) => seen.filters.push({ what, rows: visible(), marks: marks(), says: document.getElementById("filter-says").textContent });
  const data = JSON.parse(document.getElementById("trials").textContent);
  seen.trials = data.trials.length;
  note("all");
  set("first", "3"); set("last", "7"); note("3 to 7");
  set("first", ""); set("last", "");
  set("state", "failed"); note("failed");
  set("state", "");
  form.elements.parameter.selectedIndex = 1; set("parameter", form.elements.parameter.value);
  if (data.parameters[0].choices === null) { set("high", "-1e300"); note("below all"); } else { note("first choice"); }
  form.querySelector("button").click();
  setTimeout(() => {
    note("all again");
    finish();
  }, 50);
})();
</script>
"""
ERRORS = """<script>window.__errors = []; addEventListener("error", (event) => __errors.push(String(event.message)));
addEventListener("securitypolicyviolation", (event) => __errors.push("policy: " + event.violatedDirective));</script>"""


def chromium(*arguments):
    name = shutil.which("chromium") or shutil.which("chromium-browser") or sys.exit("chromium is not installed")
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking",
             "--disable-dev-shm-usage", "--no-first-run"]
    return subprocess.run([name, *flags, *arguments], capture_output=True, text=True, timeout=120)


def probed(page, width, scratch):
    """What the probe saw in a page."""
    text = page.read_text()
    head, rest = text.split("<head>", 1)
    body = rest.rsplit("</body>", 1)
    probe = scratch / "probe.html"
    probe.write_text(head + "<head>" + ERRORS + body[0] + PROBE + "</body>" + body[1])
    # A browser that does not start says nothing of the page.
    for _ in range(3):
        try:
            result = chromium(f"--window-size={width},900", "--virtual-time-budget=4000", "--dump-dom", f"file://{probe}")
        except subprocess.TimeoutExpired:
            trouble = "the browser does not end"
            continue
        found = re.search(r'<pre id="probe">(.*?)</pre>', result.stdout, re.S)
        if found:
            return json.loads(html.unescape(found[1]))
        trouble = result.stderr[-800:]
    sys.exit(f"{page.name}: the page does not run: {trouble}")


def judge(name, seen, faults):
    def check(holds, what):
        if not holds:
            faults.append(f"{name}: {what}")

    check(seen["errors"] == [], f"errors on the console: {seen['errors']}")
    check(seen["requests"] == [], f"requests: {seen['requests']}")
    check(seen["pictures"] and all(w > 100 and h > 40 for w, h in seen["pictures"]), f"pictures: {seen['pictures']}")
    check(seen["milliseconds"] < 1000, f"open after {seen['milliseconds']} ms")
    check(not seen["scrolls"], "the page as a whole scrolls sideways")
    if "trials" not in seen:
        return
    by = {filtered["what"]: filtered for filtered in seen["filters"]}
    trials = seen["trials"]
    check(by["all"]["rows"] == trials, f"rows at first: {by['all']}")
    check(by["all again"] == {**by["all"], "what": "all again"}, f"after the reset: {by['all again']}")
    check(by["3 to 7"]["rows"] <= 5, f"trials 3 to 7: {by['3 to 7']}")
    check(by["failed"]["rows"] < trials or trials == 0 or "all-failed" in name, f"failed: {by['failed']}")
    if "below all" in by:
        check(by["below all"]["rows"] == 0 and by["below all"]["marks"] == 0, f"below all: {by['below all']}")
    for filtered in by.values():
        check(filtered["says"] == f"{filtered['rows']} of {trials} trials", f"it says {filtered}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the example `reports`, built")
    parser.add_argument("--also", type=pathlib.Path, nargs="*", default=[], help="further pages to be opened, such as the benchmark's")
    parser.add_argument("--pictures", type=pathlib.Path, help="a folder for screenshots")
    options = parser.parse_args()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        subprocess.run([options.program, scratch / "pages"], check=True)
        pages = sorted((scratch / "pages").glob("*.html"))
        if len(pages) < 8:
            sys.exit(f"only {len(pages)} pages were written")
        pages += options.also
        for page in pages:
            for width in (400, 1280):
                seen = probed(page, width, scratch)
                # One that is slow may owe it to the machine.
                for _ in range(3):
                    if seen["milliseconds"] >= 1000:
                        seen = min(seen, probed(page, width, scratch), key=lambda seen: seen["milliseconds"])
                judge(f"{page.name} at {width} pixels", seen, faults)
            print(f"{page.name}: {seen.get('trials', 'no list of')} trials, {len(seen['pictures'])} pictures, {page.stat().st_size / 1e3:.0f} kB, "
                  f"open after {seen['milliseconds']:.0f} ms", flush=True)
            if options.pictures:
                options.pictures.mkdir(parents=True, exist_ok=True)
                for width in (400, 1280):
                    chromium(f"--window-size={width},6000", f"--screenshot={options.pictures}/{page.stem}-{width}.png", f"file://{page}")
                chromium("--no-pdf-header-footer", f"--print-to-pdf={options.pictures}/{page.stem}.pdf", f"file://{page}")
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
