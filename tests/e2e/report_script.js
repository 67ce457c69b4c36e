// Runs a report's script outside of a browser, on a document that answers everything and shows
// nothing, and prints as JSON what it makes of the page: report_script.js PAGE [OTHER PAGE]
"use strict";
const fs = require("fs");
const [page, second] = process.argv.slice(2).map(name => fs.readFileSync(name, "utf8"));
// An element keeps what is set, has an empty value until then, and is nothing else.
const answer = kept => new Proxy(function () {}, {
    get: (target, key) => key in kept ? kept[key] : key === Symbol.toPrimitive ? () => "" :
        key === Symbol.iterator ? function* () {} : key === "value" ? "" : nothing,
    set: (target, key, value) => { kept[key] = value; return true; }, apply: () => nothing, construct: () => nothing});
const nothing = answer({});
const data = /<script id=data type="application\/json">([^]*?)<\/script>/.exec(page)[1];
const script = /<script>\n([^]*?)<\/script>/.exec(page)[1];
globalThis.document = {
    getElementById: id => id === "data" ? {textContent: data} : id === "marks" ? null : nothing,
    createElement: () => answer({}), querySelectorAll: () => [], querySelector: () => nothing, body: nothing};
globalThis.IntersectionObserver = function () {};
globalThis.addEventListener = () => {};
globalThis.alert = text => { throw new Error(text); };
const began = process.hrtime.bigint();
eval(script);
const report = globalThis.mien_report;
const out = {length: report.here.length_s, bin: report.here.bin_s, marks: report.here.marks, names: report.here.names,
             csv: report.csv(), mean: {}, half: {}};
const middle = report.here.length_s / 2;
report.here.names.forEach((name, c) => {
    out.mean[name] = report.mean_of(report.here.faces[0], [c], 0, report.here.length_s + 1, false).mean;
    out.half[name] = report.mean_of(report.here.faces[0], [c], 0, middle, false).mean;
});
report.show(0.5, 1.5);
out.view = report.view();
report.show(-5, 1e9);
out.whole = report.view();
if (second) {
    report.compare(second);
}
out.ms = Number(process.hrtime.bigint() - began) / 1e6;
console.log(JSON.stringify(out));
