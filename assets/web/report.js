// The script of a session report: zoom, values under the pointer, several faces on one axis, figures
// of a stretch against a baseline or another session, tables. Everything it shows is in the page; it
// fetches nothing. The page is whole without it (src/sink/report_page.c names what it finds there).
"use strict";
(() => {
const number = (v, digits) => Number.isFinite(v) ? v.toFixed(digits).replace(/^-(?=0\.?0*$)/, "") : "";
const clock = s => {
    const m = Math.floor(s / 60), rest = s - 60 * m;
    return m + ":" + (rest < 10 ? "0" : "") + (viewed() < 20 ? rest.toFixed(2) : Math.floor(rest));
};
const make = (tag, properties, ...children) => {
    const e = Object.assign(document.createElement(tag), properties);
    e.append(...children);
    return e;
};

// A session's data with its curves as numbers.
function unpack(text) {
    const session = JSON.parse(text);
    const steps = coded => {
        const bytes = atob(coded), v = new Uint16Array(bytes.length >> 1);
        for (let i = 0; i < v.length; i++) {
            v[i] = bytes.charCodeAt(2 * i) | bytes.charCodeAt(2 * i + 1) << 8;
        }
        return v;
    };
    for (const face of session.faces) {
        face.session = session;
        face.n = steps(face.n);
        face.unpacked = [];
    }
    session.steps_of = (face, channel) => face.unpacked[channel] ||= steps(face.curves[channel]);
    session.names = session.channels.map(c => c[0]);
    return session;
}

// A face's channel; several are averaged (both sides of an action unit).
function curve(face, channels) {
    const session = face.session, parts = channels.filter(c => c >= 0).map(c => ({
        v: session.steps_of(face, c), low: session.channels[c][1],
        step: (session.channels[c][2] - session.channels[c][1]) / session.steps}));
    return i => { // of the session's bin i; NaN: not measured
        let sum = 0;
        for (const p of parts) {
            const v = p.v[i - face.first];
            if (!v) {
                return NaN;
            }
            sum += p.low + (v - 1) * p.step;
        }
        return sum / parts.length;
    };
}

const here = unpack(document.getElementById("data").textContent);
const length = Math.max(here.length_s, 1e-3);
const colours = ["#0b7a75", "#c8553d", "#5b5fc7", "#b7791f", "#3d74c4", "#8e6cc0", "#009e73", "#cc79a7"];
const usable = here.names.indexOf("usable"), classes = here.names.indexOf("neutral"), class_count = 8;
const movement = here.names.indexOf("yaw");
let view = [0, length], other = null, pinned = null;
const viewed = () => view[1] - view[0];

// Bins [a, b) of a stretch of time, within the face's.
function bins_of(face, from, to) {
    const w = face.session.bin_s;
    return [Math.max(face.first, Math.floor(from / w)),
            Math.min(face.first + face.bins, Math.ceil(to / w) + 1)];
}

// Calls draw(time, mean, least, greatest) for at most `most` groups of bins; a group without a
// measurement has NaN.
function groups(face, channels, from, to, most, draw) {
    const at = curve(face, channels), [a, b] = bins_of(face, from, to), w = face.session.bin_s;
    const step = Math.max(1, Math.ceil((b - a) / most));
    for (let i = a; i < b; i += step) {
        let n = 0, sum = 0, least = Infinity, greatest = -Infinity;
        for (let k = i; k < i + step && k < b; k++) {
            const v = at(k);
            if (v === v) {
                n++;
                sum += v;
                least = Math.min(least, v);
                greatest = Math.max(greatest, v);
            }
        }
        draw((i + step / 2) * w, n ? sum / n : NaN, least, greatest, step * w);
    }
}

// A curve as a path. One empty bin is the frames' rate beating with the bins'; more are a gap.
function path_of(face, channels, from, to, most, x, y) {
    let d = "", pen = false, empty = 0;
    groups(face, channels, from, to, most, (t, v) => {
        if (v !== v) {
            pen = pen && ++empty < 2 && face.n[Math.round(t / face.session.bin_s - 0.5) - face.first] === 0;
            return;
        }
        d += (pen ? "L" : "M") + x(t).toFixed(1) + " " + y(v).toFixed(1);
        pen = true;
        empty = 0;
    });
    return d;
}

function times_of(width, x) {
    const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];
    const step = steps.find(s => viewed() / s <= 12) || 7200;
    let out = "";
    for (let i = Math.ceil(view[0] / step - 1e-9); i * step <= view[1] + 1e-9; i++) {
        const s = i * step, m = Math.floor(s / 60 + 1e-9), rest = Math.max(0, s - 60 * m);
        out += `<text text-anchor=middle x=${Math.min(width - 14, x(s)).toFixed(1)} y=HEIGHT>${m}:` +
            `${rest < 9.95 ? "0" : ""}${step < 1 ? rest.toFixed(1) : Math.round(rest)}</text>`;
    }
    return out;
}

// Draws a plot of the page for the stretch in view.
function draw(svg) {
    const face = here.faces[svg.dataset.face], height = +svg.dataset.height, left = +svg.dataset.left;
    const width = svg.viewBox.baseVal.width;
    const x = t => left + (width - left) * (t - view[0]) / viewed();
    const inside = t => t >= view[0] && t <= view[1];
    svg.drawn = view.join();
    if (!face) {
        return;
    }
    for (const e of svg.querySelectorAll("[data-channel]")) {
        const low = +e.dataset.low, high = +e.dataset.high;
        const y = v => height - (Math.min(high, Math.max(low, v)) - low) / (high - low) * height;
        e.setAttribute("d", path_of(face, [+e.dataset.channel], ...view, width, x, y));
    }
    for (const e of svg.querySelectorAll("[data-range]")) {
        let d = "";
        groups(face, [+e.dataset.range], ...view, width, (t, v, least, greatest) => {
            if (greatest - least > 0.02) {
                d += `M${x(t).toFixed(1)} ${(height - height * greatest).toFixed(1)}V${(height - height * least).toFixed(1)}`;
            }
        });
        e.setAttribute("d", d);
    }
    for (const e of svg.querySelectorAll("[data-bad]")) {
        let d = "";
        groups(face, [usable], ...view, width, (t, v, l, g, w) => {
            if (v < 0.5) {
                const a = Math.max(left, x(t - w / 2));
                d += `M${a.toFixed(1)} 0h${Math.max(0.5, x(t + w / 2) - a + 0.2).toFixed(1)}V${height}H${a.toFixed(1)}z`;
            }
        });
        e.setAttribute("d", d);
    }
    for (const e of svg.querySelectorAll("[data-blinks]")) {
        e.setAttribute("d", face.blinks.filter(inside).map(t => `M${x(t).toFixed(1)} 0v9`).join(""));
    }
    for (const e of svg.querySelectorAll("[data-classes]")) {
        const top = new Map(), d = Array(class_count).fill("");
        for (let c = 0; c < class_count; c++) {
            groups(face, [classes + c], ...view, width, (t, v, l, g, w) => {
                const y = top.has(t) ? top.get(t) : height, h = height * v;
                if (h >= 0.5) {
                    const a = Math.max(left, x(t - w / 2)), b = Math.min(width, x(t + w / 2) + 0.2);
                    d[c] += `M${a.toFixed(1)} ${Math.max(0, y - h).toFixed(1)}H${b.toFixed(1)}V${y.toFixed(1)}H${a.toFixed(1)}z`;
                }
                top.set(t, h === h ? y - h : y);
            });
        }
        e.inks ||= class_inks();
        e.innerHTML = d.map((p, c) => `<path fill="${e.inks[c]}" d="${p}"/>`).join("");
    }
    for (const e of svg.querySelectorAll("[data-times]")) {
        e.innerHTML = times_of(width, x).replaceAll("HEIGHT", height + 14);
    }
    for (const e of svg.querySelectorAll("[data-marks]")) {
        e.innerHTML = marks_of(x, height);
    }
}

function class_inks() { // as in the page's key
    return [...document.querySelector(".key").querySelectorAll("i")].map(i => i.style.background);
}

function marks_of(x, height) {
    return here.marks.filter(m => m[0] >= view[0] && m[0] <= view[1]).map(m => {
        const at = x(m[0]).toFixed(1), word = make("i", {textContent: m[2] && viewed() < 120 ? m[2] : m[1]});
        return `<line class=mark x1=${at} x2=${at} y1=0 y2=${height} /><text x=${+at + 3} y=10>${word.innerHTML}</text>`;
    }).join("");
}

// Only what is on the screen is drawn again; the rest when it comes there.
const plots = [...document.querySelectorAll("svg.plot")];
const watcher = new IntersectionObserver(entries => {
    for (const e of entries) {
        e.target.seen = e.isIntersecting;
        if (e.isIntersecting && e.target.drawn !== view.join()) {
            draw(e.target);
        }
    }
}, {rootMargin: "200px"});
for (const svg of plots) {
    svg.drawn = view.join(); // as the page comes
    watcher.observe(svg);
    listen(svg);
}

function show(from, to) {
    const least = Math.min(length, Math.max(4 * here.bin_s, 0.2));
    const span = Math.min(length, Math.max(least, to - from));
    const start = Math.min(length - span, Math.max(0, from));
    view = [start, start + span];
    for (const svg of plots) {
        if (svg.seen) {
            draw(svg);
        }
    }
    draw_together();
    tell();
    figures();
}
const zoom = (factor, about = (view[0] + view[1]) / 2) =>
    show(about - (about - view[0]) * factor, about + (view[1] - about) * factor);
const shift = part => show(view[0] + part * viewed(), view[1] + part * viewed());

// Pointer: values where it is; drawn over a stretch it zooms; two clicks show all again.
const saying = make("div", {id: "say", hidden: true});
document.body.append(saying);
function time_at(svg, event) {
    const box = svg.getBoundingClientRect(), width = svg.viewBox.baseVal.width, left = +svg.dataset.left;
    const share = ((event.clientX - box.left) / box.width * width - left) / (width - left);
    return view[0] + Math.min(1, Math.max(0, share)) * viewed();
}
function listen(svg) {
    let began = null;
    const height = +svg.dataset.height, left = +svg.dataset.left, width = svg.viewBox.baseVal.width;
    const x = t => left + (width - left) * (t - view[0]) / viewed();
    svg.insertAdjacentHTML("beforeend", `<rect class=drag y=0 height=${height} width=0 /><line class=cross y1=0 y2=${height} x1=-9 x2=-9 />`);
    const [drag, cross] = [svg.querySelector(".drag"), svg.querySelector(".cross")];
    const away = () => {
        cross.setAttribute("x1", -9);
        cross.setAttribute("x2", -9);
        drag.setAttribute("width", 0);
        saying.hidden = true;
        began = null;
    };
    svg.addEventListener("pointermove", event => {
        const t = time_at(svg, event), lines = [clock(t)];
        for (const [name, face, channels, unit] of svg.lines ? svg.lines() : lines_of(svg)) {
            const v = curve(face, channels);
            const i = Math.floor(t / face.session.bin_s);
            const at = [i, i - 1, i + 1].map(v).find(value => value === value);
            lines.push(`${name} ${at === undefined ? "not measured" : number(at, unit[0] === "°" ? 1 : 3)}${at === undefined ? "" : unit}`);
        }
        const near = here.marks.find(m => Math.abs(m[0] - t) < viewed() / 100);
        if (near) {
            lines.push(`mark ${near[1]} ${near[2]}`);
        }
        saying.textContent = lines.join("\n");
        saying.hidden = false;
        saying.style.left = Math.min(event.clientX + 14, innerWidth - saying.offsetWidth - 8) + "px";
        saying.style.top = Math.min(event.clientY + 14, innerHeight - saying.offsetHeight - 8) + "px";
        cross.setAttribute("x1", x(t));
        cross.setAttribute("x2", x(t));
        if (began !== null) {
            drag.setAttribute("x", x(Math.min(t, began)));
            drag.setAttribute("width", Math.abs(x(t) - x(began)));
        }
    });
    svg.addEventListener("pointerdown", event => {
        if (event.button === 0) {
            began = time_at(svg, event);
            svg.setPointerCapture?.(event.pointerId);
        }
    });
    svg.addEventListener("pointerup", event => {
        const from = began, t = time_at(svg, event);
        away();
        if (from !== null && Math.abs(x(t) - x(from)) > 4) {
            show(Math.min(t, from), Math.max(t, from));
        }
    });
    svg.addEventListener("pointerleave", away);
    svg.addEventListener("dblclick", () => show(0, length));
}
function lines_of(svg) {
    const face = here.faces[svg.dataset.face];
    if (!face) {
        return [];
    }
    const list = svg.querySelector("[data-classes]")
        ? Array.from({length: class_count}, (_, c) => classes + c)
        : [...svg.querySelectorAll("[data-channel]")].map(e => +e.dataset.channel);
    return list.map(c => [here.names[c], face, [c], here.channels[c][3]]);
}

// The bar above: where one is, and ways to elsewhere.
const tools = document.getElementById("tools");
const where = make("span", {className: "dim"});
const button = (text, title, act) => make("button", {textContent: text, title, onclick: act});
const file = make("input", {type: "file", accept: ".html", hidden: true});
tools.append(button("−", "see more", () => zoom(2)), button("+", "see less, closer", () => zoom(0.5)),
             button("◀", "earlier", () => shift(-0.5)), button("▶", "later", () => shift(0.5)),
             button("All", "the whole session", () => show(0, length)), where,
             button("Pin as baseline", "figures are compared with the stretch that is shown now", () => {
                 pinned = [...view];
                 against.value = "pinned";
                 figures();
             }),
             button("Compare with …", "the report of another session, read from a file", () => file.click()),
             button("Save table", "CSV of the stretch that is shown, a row a face and moment", save), file);
const tell = () => where.textContent = `${clock(view[0])} – ${clock(view[1])}; drag over a plot to zoom`;
addEventListener("keydown", event => {
    const acts = {"+": () => zoom(0.5), "-": () => zoom(2), "0": () => show(0, length),
                  ArrowLeft: () => shift(-0.25), ArrowRight: () => shift(0.25)};
    if (acts[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey &&
        !/INPUT|SELECT|TEXTAREA/.test(event.target.tagName)) {
        acts[event.key]();
        event.preventDefault();
    }
});
const table = document.getElementById("marks");
for (const [i, row] of [...(table ? table.rows : [])].entries()) {
    if (i) {
        row.title = "show what is around it";
        row.onclick = () => show(here.marks[i - 1][0] - 5, here.marks[i - 1][0] + 5);
    }
}

// What is measured: expression classes, head, gaze, quality (`main` of them), action units, all
// blendshapes.
const main = class_count + 6 + 4;
const measures = [
    ...Array.from({length: class_count}, (_, c) => [here.names[classes + c], [classes + c], ""]),
    ...Array.from({length: 6}, (_, c) => [here.names[movement + c], [movement + c], here.channels[movement + c][3]]),
    ...Array.from({length: 4}, (_, c) => [here.names[usable + c], [usable + c], here.channels[usable + c][3]]),
    ...here.units.map(u => [u[0], [u[1], u[2]], ""]),
    ...Array.from({length: 52}, (_, c) => [here.names[c], [c], ""])];
const name_of = face => (face.session === here ? "" : "other session, ") + "face " + face.id;
const faces = () => [...here.faces, ...(other ? other.faces : [])];

// Several faces, of both sessions, on one axis.
const together = make("section", {});
const channel = make("select", {}, ...measures.map((m, i) => make("option", {value: i, textContent: m[0]})));
channel.value = 1;
const offset = make("input", {type: "number", step: "0.1", value: "0", title: "seconds by which the other session is moved"});
offset.style.width = "6em";
const moved = make("label", {hidden: true}, " other session later by ", offset, " s");
together.innerHTML = "<h2>Faces on one axis</h2><p class=pick></p><svg class=together viewBox=\"0 0 960 198\" " +
    "data-height=180 data-left=44></svg><p class=key></p>";
together.querySelector(".pick").append(channel, moved);
const axis = together.querySelector("svg");
const delay = face => face.session === here ? 0 : +offset.value || 0;
axis.lines = () => faces().map(f => [name_of(f), {...f, first: f.first + Math.round(delay(f) / f.session.bin_s)},
                                     measures[channel.value][1], measures[channel.value][2]]);
axis.insertAdjacentHTML("beforeend", "<g class=ticks></g><g class=curves></g><g data-times></g><g data-marks></g>");
axis.classList.add("plot");
listen(axis);
function draw_together() {
    const [, channels, unit] = measures[channel.value], width = 960, left = 44, height = 180;
    const x = t => left + (width - left) * (t - view[0]) / viewed();
    let low = Infinity, high = -Infinity;
    for (const f of faces()) {
        groups(f, channels, view[0] - delay(f), view[1] - delay(f), width, (t, v) => {
            low = v < low ? v : low;
            high = v > high ? v : high;
        });
    }
    if (!unit) {
        [low, high] = [0, 1];
    } else if (!(high > low)) {
        [low, high] = [low - 1 || 0, low + 1 || 1];
    }
    const y = v => height - (v - low) / (high - low) * height;
    axis.querySelector(".ticks").innerHTML = [0, 0.25, 0.5, 0.75, 1].map(k => {
        const v = low + k * (high - low), at = y(v).toFixed(1);
        return `<line class=grid x1=${left} x2=${width} y1=${at} y2=${at} />` +
            `<text x=38 text-anchor=end y=${Math.max(9, +at + 4)}>${number(v, unit ? 1 : 2)}${unit}</text>`;
    }).join("");
    axis.querySelector(".curves").innerHTML = faces().map((f, i) =>
        `<path fill=none stroke-width=1.4 stroke="${colours[i % 8]}"${f.session === here ? "" : " stroke-dasharray=\"5 3\""} d="` +
        path_of(f, channels, view[0] - delay(f), view[1] - delay(f), width, t => x(t + delay(f)), y) + "\"/>").join("");
    axis.querySelector("[data-times]").innerHTML = times_of(width, x).replaceAll("HEIGHT", height + 14);
    axis.querySelector("[data-marks]").innerHTML = marks_of(x, height);
    together.querySelector(".key").replaceChildren(...faces().flatMap((f, i) => {
        const square = make("i", {});
        square.style.background = colours[i % 8];
        return [square, name_of(f)];
    }));
}
channel.onchange = offset.onchange = draw_together;

// Mean and standard deviation over a stretch, of the bins that count, weighted by their samples.
function mean_of(face, channels, from, to, only_usable) {
    const at = curve(face, channels), good = curve(face, [usable]), [a, b] = bins_of(face, from, to);
    let n = 0, mean = 0, m2 = 0; // West 1979
    for (let i = a; i < b; i++) {
        const v = at(i), w = face.n[i - face.first];
        if (w && v === v && !(only_usable && good(i) < 0.5)) {
            const d = v - mean;
            n += w;
            mean += d * w / n;
            m2 += w * d * (v - mean);
        }
    }
    return {n, mean: n ? mean : NaN, sd: n > 1 ? Math.sqrt(m2 / n) : NaN};
}
const blinks_in = (face, from, to) => face.blinks.filter(t => t >= from && t < to).length / Math.max(1e-3, to - from) * 60;

const section = make("section", {});
const of = make("select", {}), against = make("select", {});
const whole = make("input", {type: "checkbox", checked: true});
const results = [make("table", {}), make("table", {})];
section.innerHTML = "<h2>The stretch in view, compared</h2><p>Means over the stretch in view. The effect is the " +
    "difference in standard deviations (both pooled); neighbouring frames depend on one another, so it is no significance test.</p><p class=pick></p>";
section.querySelector(".pick").append(of, " against ", against, make("label", {}, " ", whole, " usable stretches only"));
section.append(results[0], make("details", {}, make("summary", {textContent: "Action units and blendshapes"}), results[1]));
const baseline_s = 30;
function list_faces() {
    const keep = [of.value, against.value];
    of.replaceChildren(...here.faces.map((f, i) => make("option", {value: i, textContent: name_of(f)})));
    against.replaceChildren(
        make("option", {value: "own", textContent: `its own first ${baseline_s} seconds`}),
        make("option", {value: "pinned", textContent: "itself in the pinned stretch", disabled: !pinned}),
        make("option", {value: "whole", textContent: "itself in the whole session"}),
        ...faces().map((f, i) => make("option", {value: "f" + i, textContent: name_of(f)})));
    of.value = keep[0] || "0";
    against.value = keep[1] || "own";
}
function sides() {
    const face = here.faces[of.value || 0], first = face.first * here.bin_s;
    const stretch = {own: [first, Math.min(length, first + baseline_s)], pinned: pinned || [0, length], whole: [0, length]}[against.value];
    const a = {face, from: view[0], to: view[1]};
    if (stretch) {
        return [a, {face, from: stretch[0], to: stretch[1]}];
    }
    const second = faces()[+against.value.slice(1)];
    return [a, second.session === here ? {...a, face: second}
                                       : {face: second, from: 0, to: Math.max(second.session.length_s, 1e-3)}];
}
function figures() {
    if (!here.faces.length) {
        return;
    }
    against.querySelector("[value=pinned]").disabled = !pinned;
    const [a, b] = sides();
    const rows = [["measure", "mean", "SD", "mean, against", "SD", "difference", "effect"]];
    const blinks = [blinks_in(a.face, a.from, a.to), blinks_in(b.face, b.from, b.to)];
    rows.push(["blinks a minute", number(blinks[0], 1), "", number(blinks[1], 1), "", number(blinks[0] - blinks[1], 1), ""]);
    for (const [name, channels, unit] of measures) {
        const [p, q] = [a, b].map(s => mean_of(s.face, channels, s.from, s.to, whole.checked));
        const digits = unit ? 1 : 3, pooled = Math.sqrt((p.sd * p.sd + q.sd * q.sd) / 2);
        const effect = pooled > 1e-4 ? (p.mean - q.mean) / pooled : NaN;
        rows.push([unit ? `${name}, ${unit}` : name, number(p.mean, digits), number(p.sd, digits), number(q.mean, digits),
                   number(q.sd, digits), number(p.mean - q.mean, digits), number(effect, 2)]);
    }
    const parts = [rows.slice(0, main + 2), [rows[0], ...rows.slice(main + 2)]];
    results.forEach((t, part) => t.replaceChildren(...parts[part].map((row, i) => make("tr", {}, ...row.map((cell, k) =>
        make(i ? "td" : "th", {textContent: cell, className: k ? "n" : ""}))))));
}
of.onchange = against.onchange = whole.onchange = figures;

function compare(text) {
    const found = /<script id=data type="application\/json">([^]*?)<\/script>/.exec(text);
    try {
        const session = unpack(found[1]);
        if (session.names.join() !== here.names.join()) {
            throw new Error("it was made by another version");
        }
        other = session;
    } catch (problem) {
        alert("This file is not a session report that can be compared: " + problem.message);
        return;
    }
    moved.hidden = false;
    list_faces();
    against.value = other.faces.length ? "f" + here.faces.length : "own";
    draw_together();
    figures();
}
file.onchange = () => file.files[0]?.text().then(compare);

// A row a face and bin in view, a column a channel: what R and pandas read.
function csv() {
    const quote = s => /[",\n]/.test(s) ? "\"" + s.replaceAll("\"", "\"\"") + "\"" : s;
    const lines = [["time_s", "face", "samples", ...here.names, "mark", "mark_text"].map(quote).join()];
    for (const face of here.faces) {
        const [a, b] = bins_of(face, ...view), v = here.names.map((_, c) => curve(face, [c]));
        for (let i = a; i < b; i++) {
            if (face.n[i - face.first]) {
                const mark = here.marks.find(m => Math.floor(m[0] / here.bin_s) === i);
                lines.push([(i * here.bin_s).toFixed(3), face.id, face.n[i - face.first], ...v.map(f => number(f(i), 4)),
                            mark ? mark[1] : "", mark ? quote(mark[2]) : ""].join());
            }
        }
    }
    return lines.join("\n") + "\n";
}
function save() {
    const link = make("a", {href: URL.createObjectURL(new Blob([csv()], {type: "text/csv"})), download: "mien-report.csv"});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

list_faces();
if (here.faces.length) {
    const first = document.querySelector("h2");
    first.before(together, section);
    draw_together();
    figures();
}
tell();
globalThis.mien_report = {here, show, compare, csv, mean_of, view: () => view};
})();
