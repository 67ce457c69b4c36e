// The live mesh and curves of mien in a browser. Protocol: src/sink/websocket.c. Nothing is loaded from
// anywhere but this server.
"use strict";

const $ = id => document.getElementById(id);
const COLOURS = ["#58b6d8", "#e0a458", "#7fc97f", "#d97b93", "#b39ddb", "#c9c36b", "#7ad1c0", "#d08a6a"];
const CURVES = [
  ["yaw", "#58b6d8", f => f.pose.yaw / 45], ["pitch", "#e0a458", f => f.pose.pitch / 45],
  ["roll", "#7fc97f", f => f.pose.roll / 45], ["jaw", "#d97b93", f => f.blendshapes.jawOpen],
  ["smile", "#c9c36b", f => (f.blendshapes.mouthSmileLeft + f.blendshapes.mouthSmileRight) / 2],
  ["blink", "#b39ddb", f => (f.blendshapes.eyeBlinkLeft + f.blendshapes.eyeBlinkRight) / 2],
];
const HISTORY = 300;

let hello = null, frame = null, gl = null, program = null, lines = null, lineCount = 0, solid = null, points = null, bars = {};
const meshes = new Map(); // index of the face -> {frame, points: Float32Array}
const history = CURVES.map(() => []);
let frames = 0, dirty = false;
const counts = document.documentElement.dataset; // what came, where tests can see it
Object.assign(counts, { frames: 0, meshes: 0, triangles: 0, webgl: "no", heads: 0 });

const VERTEX = `
attribute vec3 p; uniform mat3 R; uniform vec3 t; uniform vec4 camera; uniform vec2 fit;
void main() {
  vec3 q = R * p + t;                                   // camera frame, mm
  vec2 px = camera.yz + camera.x * vec2(q.x, -q.y) / max(-q.z, 1.0);
  vec2 ndc = vec2(2.0 * px.x / fit.x - 1.0, 1.0 - 2.0 * px.y / fit.y);
  gl_Position = vec4(ndc, clamp(-q.z / 2500.0 - 1.0, -1.0, 1.0), 1.0);
}`;
const FRAGMENT = `precision mediump float; uniform vec4 colour; void main() { gl_FragColor = colour; }`;

// The head alone, turned by the mouse: its own space, seen from a point before it.
const HEAD_VERTEX = `
attribute vec3 p, n; attribute float eye; uniform mat3 view; uniform vec3 centre; uniform vec4 lens;
varying vec3 at, normal, place; varying float which;
void main() {
  at = view * (p - centre) - vec3(0.0, 0.0, lens.y);
  normal = view * n; place = p; which = eye;
  gl_Position = vec4(lens.x * at.x / lens.z, lens.x * at.y, (-at.z - lens.y) * 0.5, -at.z);
}`;
const HEAD_FRAGMENT = `
precision mediump float;
uniform vec3 eyeAt[2], eyeTo[2], paint; varying vec3 at, normal, place; varying float which;
void main() {
  vec3 n = normalize(normal), e = normalize(-at), lamp = normalize(vec3(-0.42, 0.55, 0.72));
  vec3 c = paint; float gloss = 0.12;
  if (which > 0.5) {
    vec3 d = which < 1.5 ? normalize(place - eyeAt[0]) : normalize(place - eyeAt[1]);
    float a = dot(d, which < 1.5 ? eyeTo[0] : eyeTo[1]);
    c = mix(vec3(0.92), vec3(0.28, 0.36, 0.36), smoothstep(0.905, 0.92, a));
    c = mix(c, vec3(0.04), smoothstep(0.985, 0.99, a));
    gloss = 0.6;
  }
  n = dot(n, e) < 0.0 ? -n : n;
  float key = max((dot(n, lamp) + 0.25) / 1.25, 0.0), sky = 0.5 + 0.5 * n.y;
  vec3 l = vec3(0.78, 0.76, 0.73) * key + mix(vec3(0.18), vec3(0.36, 0.39, 0.43), sky);
  float shine = gloss * pow(max(dot(n, normalize(lamp + e)), 0.0), 40.0);
  gl_FragColor = vec4(pow(pow(c, vec3(2.2)) * l + 0.5 * shine, vec3(1.0 / 2.2)), 1.0);
}`;
const head = { on: location.hash === "#head", turn: 0, lift: 0, zoom: 1, program: null, parts: null };

function shader(kind, text) {
  const s = gl.createShader(kind);
  gl.shaderSource(s, text);
  gl.compileShader(s);
  if (!gl.getShaderParameter(s, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(s));
  return s;
}

function link(vertex, fragment) {
  const p = gl.createProgram();
  gl.attachShader(p, shader(gl.VERTEX_SHADER, vertex));
  gl.attachShader(p, shader(gl.FRAGMENT_SHADER, fragment));
  gl.linkProgram(p);
  return p;
}

// Which vertices hang together: the largest part is the skin (0), what is left of it are the eyes (1 left, 2 right).
function findParts(points) {
  const n = points.length / 3, up = Array.from({ length: n }, (_, i) => i), size = new Map(), x = new Map();
  const root = i => { while (up[i] !== i) i = up[i] = up[up[i]]; return i; };
  for (let i = 0; i < hello.triangles.length; i += 3) {
    for (let k = 1; k < 3; k++) up[root(hello.triangles[i + k])] = root(hello.triangles[i]);
  }
  for (let i = 0; i < n; i++) {
    size.set(root(i), (size.get(root(i)) || 0) + 1);
    x.set(root(i), (x.get(root(i)) || 0) + points[3 * i]);
  }
  const skin = [...size.keys()].sort((a, b) => size.get(b) - size.get(a))[0];
  return Float32Array.from({ length: n }, (_, i) => root(i) === skin ? 0 : x.get(root(i)) > 0 ? 1 : 2);
}

function setUpHead() {
  head.program = link(HEAD_VERTEX, HEAD_FRAGMENT);
  if (!gl.getProgramParameter(head.program, gl.LINK_STATUS)) counts.webgl = "broken";
  head.buffer = ["p", "n", "eye"].map(() => gl.createBuffer());
  head.parts = null;
}

function normalsOf(points) {
  const n = new Float32Array(points.length), t = hello.triangles;
  for (let i = 0; i < t.length; i += 3) {
    const a = 3 * t[i], b = 3 * t[i + 1], c = 3 * t[i + 2];
    const u = [0, 1, 2].map(k => points[b + k] - points[a + k]), v = [0, 1, 2].map(k => points[c + k] - points[a + k]);
    const x = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    for (const o of [a, b, c]) for (let k = 0; k < 3; k++) n[o + k] += x[k];
  }
  return n;
}

// Where each eye is, and where it looks, in the head's own space.
function eyesOf(face, points) {
  const R = face.pose.R, at = [0, 0, 0, 0, 0, 0], to = [], sum = [0, 0];
  for (let i = 0; i < head.parts.length; i++) {
    const e = head.parts[i] - 1;
    if (e < 0) continue;
    sum[e]++;
    for (let k = 0; k < 3; k++) at[3 * e + k] += points[3 * i + k];
  }
  for (let e = 0; e < 2; e++) {
    for (let k = 0; k < 3; k++) at[3 * e + k] /= Math.max(1, sum[e]);
  }
  for (let e = 0; e < 2; e++) {
    const [yaw, pitch] = (e ? face.gaze.right : face.gaze.left).map(d => d * Math.PI / 180);
    const d = [Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), Math.cos(yaw) * Math.cos(pitch)];
    for (let k = 0; k < 3; k++) to.push(R[k] * d[0] + R[3 + k] * d[1] + R[6 + k] * d[2]);
  }
  return { at, to };
}

function drawHead() {
  const canvas = $("mesh"), face = frame.faces[0], mesh = meshes.get(0);
  resize(canvas);
  gl.viewport(0, 0, canvas.width, canvas.height);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  if (!face || !mesh) return;
  head.parts = head.parts || findParts(mesh.points);
  const p = head.program, at = name => gl.getUniformLocation(p, name), eyes = eyesOf(face, mesh.points);
  gl.useProgram(p);
  [mesh.points, normalsOf(mesh.points), head.parts].forEach((data, i) => {
    const where = gl.getAttribLocation(p, ["p", "n", "eye"][i]);
    gl.bindBuffer(gl.ARRAY_BUFFER, head.buffer[i]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(where);
    gl.vertexAttribPointer(where, i < 2 ? 3 : 1, gl.FLOAT, false, 0, 0);
  });
  // Who looks goes round: first the head's own turn, then to the side, then up.
  const R = face.pose.R, [a, b] = [head.turn, head.lift], [s, c, u, v] = [Math.sin(a), Math.cos(a), Math.sin(b), Math.cos(b)];
  const side = [c, 0, s, 0, 1, 0, -s, 0, c], up = [1, 0, 0, 0, v, -u, 0, u, v];
  const times = (x, y) => [0, 1, 2].flatMap(i => [0, 1, 2].map(j => [0, 1, 2].reduce((z, k) => z + x[3 * i + k] * y[3 * k + j], 0)));
  const V = times(up, times(side, R)), distance = 620 / head.zoom;
  gl.uniformMatrix3fv(at("view"), false, [V[0], V[3], V[6], V[1], V[4], V[7], V[2], V[5], V[8]]);
  gl.uniform3f(at("centre"), 0, 0, 45);
  gl.uniform4f(at("lens"), 4.6, distance, canvas.width / canvas.height, 0);
  gl.uniform3fv(at("eyeAt"), eyes.at);
  gl.uniform3fv(at("eyeTo"), eyes.to);
  gl.uniform3f(at("paint"), 0.78, 0.62, 0.54);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, solid);
  gl.drawElements(gl.TRIANGLES, hello.triangles.length, gl.UNSIGNED_SHORT, 0);
  counts.heads = Number(counts.heads) + 1;
}

function setUpMesh() {
  gl = $("mesh").getContext("webgl", { antialias: true, alpha: true });
  if (!gl) return; // landmarks are drawn all the same
  program = link(VERTEX, FRAGMENT);
  counts.webgl = gl.getProgramParameter(program, gl.LINK_STATUS) ? "yes" : "broken";
  const seen = new Set(), edges = [];
  for (let i = 0; i < hello.triangles.length; i += 3) {
    for (let k = 0; k < 3; k++) {
      const a = hello.triangles[i + k], b = hello.triangles[i + (k + 1) % 3];
      const key = a < b ? a * 65536 + b : b * 65536 + a;
      if (!seen.has(key)) { seen.add(key); edges.push(a, b); }
    }
  }
  lines = gl.createBuffer();
  lineCount = edges.length;
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, lines);
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, new Uint16Array(edges), gl.STATIC_DRAW);
  solid = gl.createBuffer(); // hides the lines behind it
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, solid);
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, new Uint16Array(hello.triangles), gl.STATIC_DRAW);
  gl.enable(gl.DEPTH_TEST);
  gl.depthFunc(gl.LEQUAL);
  gl.polygonOffset(1, 2);
  points = gl.createBuffer();
  setUpHead();
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
}

function setUpBars() {
  $("bars").textContent = "";
  bars = {};
  for (const name of hello.blendshapes) {
    const row = document.createElement("div"), label = document.createElement("span");
    const track = document.createElement("i"), fill = document.createElement("b");
    row.className = "bar";
    label.textContent = name;
    track.appendChild(fill);
    row.append(label, track);
    $("bars").appendChild(row);
    bars[name] = fill;
  }
  $("legend").textContent = "";
  for (const [name, colour] of CURVES) {
    const s = document.createElement("span");
    s.textContent = name;
    s.style.color = colour;
    $("legend").appendChild(s);
  }
}

function resize(canvas) {
  const w = Math.round(canvas.clientWidth * devicePixelRatio), h = Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
}

// The picture's rectangle within a canvas, as large as it fits.
function place(canvas) {
  const s = Math.min(canvas.width / frame.width, canvas.height / frame.height);
  return { s, x: (canvas.width - s * frame.width) / 2, y: (canvas.height - s * frame.height) / 2 };
}

function drawMesh() {
  if (!gl || !program) return;
  const canvas = $("mesh");
  resize(canvas);
  const f = place(canvas), where = gl.getAttribLocation(program, "p");
  gl.useProgram(program);
  gl.bindBuffer(gl.ARRAY_BUFFER, points);
  gl.enableVertexAttribArray(where);
  gl.vertexAttribPointer(where, 3, gl.FLOAT, false, 0, 0);
  gl.viewport(f.x, f.y, f.s * frame.width, f.s * frame.height);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  const at = name => gl.getUniformLocation(program, name);
  gl.uniform4f(at("camera"), frame.camera.f_px, frame.camera.cx_px, frame.camera.cy_px, 0);
  gl.uniform2f(at("fit"), frame.width, frame.height);
  frame.faces.forEach((face, i) => {
    const mesh = meshes.get(i), R = face.pose.R;
    if (!mesh) return;
    gl.bufferData(gl.ARRAY_BUFFER, mesh.points, gl.DYNAMIC_DRAW);
    gl.uniformMatrix3fv(at("R"), false, [R[0], R[3], R[6], R[1], R[4], R[7], R[2], R[5], R[8]]);
    gl.uniform3fv(at("t"), face.pose.t_mm);
    const c = COLOURS[(face.id - 1) % COLOURS.length];
    gl.uniform4f(at("colour"), ...[1, 3, 5].map(k => parseInt(c.slice(k, k + 2), 16) / 255), 0.55);
    gl.colorMask(false, false, false, false);
    gl.enable(gl.POLYGON_OFFSET_FILL);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, solid);
    gl.drawElements(gl.TRIANGLES, hello.triangles.length, gl.UNSIGNED_SHORT, 0);
    gl.disable(gl.POLYGON_OFFSET_FILL);
    gl.colorMask(true, true, true, true);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, lines);
    gl.drawElements(gl.LINES, lineCount, gl.UNSIGNED_SHORT, 0);
  });
}

function drawPoints() {
  const canvas = $("points"), g = canvas.getContext("2d");
  resize(canvas);
  g.clearRect(0, 0, canvas.width, canvas.height);
  const f = place(canvas);
  g.strokeStyle = "#2c3239";
  g.strokeRect(f.x, f.y, f.s * frame.width, f.s * frame.height);
  for (const face of frame.faces) {
    g.fillStyle = "#f2f4f6";
    for (const [x, y] of face.landmarks68) g.fillRect(f.x + f.s * x - 1, f.y + f.s * y - 1, 2, 2);
    g.fillStyle = "#d8dde3";
    g.font = `${13 * devicePixelRatio}px system-ui, sans-serif`;
    g.fillText(`${face.id}  ${face.expression.label}`, f.x + f.s * face.box[0], f.y + f.s * face.box[1] - 6);
  }
}

function drawPlot() {
  const canvas = $("plot"), g = canvas.getContext("2d");
  resize(canvas);
  const w = canvas.width, h = canvas.height;
  g.clearRect(0, 0, w, h);
  g.strokeStyle = "#2c3239";
  g.beginPath();
  g.moveTo(0, h / 2);
  g.lineTo(w, h / 2);
  g.stroke();
  CURVES.forEach(([, colour], k) => {
    g.strokeStyle = colour;
    g.lineWidth = 1.5 * devicePixelRatio;
    g.beginPath();
    let down = false;
    history[k].forEach((v, i) => {
      if (v === null) { down = false; return; }
      const x = w * (i + HISTORY - history[k].length) / HISTORY, y = h / 2 - v * (h / 2 - 6);
      if (down) g.lineTo(x, y); else g.moveTo(x, y);
      down = true;
    });
    g.stroke();
  });
}

function draw() {
  requestAnimationFrame(draw);
  if (!dirty || !frame) return;
  dirty = false;
  if (head.on && gl && head.program) {
    drawHead();
    $("points").getContext("2d").clearRect(0, 0, $("points").width, $("points").height);
  } else {
    drawMesh();
    drawPoints();
  }
  drawPlot();
  const face = frame.faces[0];
  for (const name in bars) bars[name].style.transform = `scaleX(${face ? face.blendshapes[name] || 0 : 0})`;
  $("facts").textContent = `frame ${frame.frame} · ${frame.faces.length} ${frame.faces.length === 1 ? "face" : "faces"}` +
    (face ? ` · yaw ${face.pose.yaw.toFixed(0)}° pitch ${face.pose.pitch.toFixed(0)}° roll ${face.pose.roll.toFixed(0)}°` : "");
}

function onText(text) {
  const m = JSON.parse(text);
  if (m.hello) {
    hello = m;
    counts.triangles = m.triangles.length / 3;
    setUpMesh();
    setUpBars();
    return;
  }
  frame = m;
  counts.frames = ++frames;
  const face = m.faces[0];
  CURVES.forEach(([, , value], k) => {
    history[k].push(face ? Math.max(-1, Math.min(1, value(face))) : null);
    if (history[k].length > HISTORY) history[k].shift();
  });
  for (const i of meshes.keys()) if (i >= m.faces.length) meshes.delete(i);
  dirty = true;
}

function onBinary(data) {
  const v = new DataView(data);
  if (!hello || data.byteLength < 16 || v.getUint32(0, false) !== 0x4d455348) return; // "MESH"
  const index = v.getUint32(8, true), n = v.getUint32(12, true), points = new Float32Array(3 * n);
  if (data.byteLength < 16 + 6 * n) return;
  for (let i = 0; i < 3 * n; i++) points[i] = v.getInt16(16 + 2 * i, true) * hello.unit_mm;
  meshes.set(index, { frame: v.getUint32(4, true), points });
  counts.meshes = Number(counts.meshes) + 1;
  dirty = true;
}

function connect() {
  const socket = new WebSocket(`ws://${location.host}/`, "mien");
  socket.binaryType = "arraybuffer";
  socket.onopen = () => { $("state").textContent = "live"; };
  socket.onmessage = e => typeof e.data === "string" ? onText(e.data) : onBinary(e.data);
  socket.onclose = () => { $("state").textContent = "mien has stopped; waiting for it"; setTimeout(connect, 1000); };
}

// The mouse turns the head, the wheel brings it nearer, a double click shows it from the front again.
function setUpTurning() {
  const stage = $("stage"), show = () => {
    document.body.classList.toggle("head", head.on);
    $("view").textContent = head.on ? "picture" : "head";
    dirty = true;
  };
  $("view").onclick = () => { head.on = !head.on; show(); };
  stage.onpointerdown = e => { if (head.on) stage.setPointerCapture(e.pointerId); };
  stage.onpointermove = e => {
    if (!head.on || !(e.buttons & 1)) return;
    head.turn += 3.14 * e.movementX / stage.clientWidth;
    head.lift = Math.max(-1.4, Math.min(1.4, head.lift + 2.1 * e.movementY / stage.clientHeight));
    dirty = true;
  };
  stage.onwheel = e => {
    if (!head.on) return;
    e.preventDefault();
    head.zoom = Math.max(0.4, Math.min(6, head.zoom * Math.exp(-e.deltaY / 600)));
    dirty = true;
  };
  stage.ondblclick = () => { Object.assign(head, { turn: 0, lift: 0, zoom: 1 }); dirty = true; };
  show();
}

setUpTurning();
window.addEventListener("resize", () => { dirty = true; });
connect();
draw();
