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

let hello = null, frame = null, gl = null, program = null, lines = null, lineCount = 0, solid = null, bars = {};
const meshes = new Map(); // index of the face -> {frame, points: Float32Array}
const history = CURVES.map(() => []);
let frames = 0, dirty = false;
const counts = document.documentElement.dataset; // what came, where tests can see it
Object.assign(counts, { frames: 0, meshes: 0, triangles: 0, webgl: "no" });

const VERTEX = `
attribute vec3 p; uniform mat3 R; uniform vec3 t; uniform vec4 camera; uniform vec2 fit;
void main() {
  vec3 q = R * p + t;                                   // camera frame, mm
  vec2 px = camera.yz + camera.x * vec2(q.x, -q.y) / max(-q.z, 1.0);
  vec2 ndc = vec2(2.0 * px.x / fit.x - 1.0, 1.0 - 2.0 * px.y / fit.y);
  gl_Position = vec4(ndc, clamp(-q.z / 2500.0 - 1.0, -1.0, 1.0), 1.0);
}`;
const FRAGMENT = `precision mediump float; uniform vec4 colour; void main() { gl_FragColor = colour; }`;

function shader(kind, text) {
  const s = gl.createShader(kind);
  gl.shaderSource(s, text);
  gl.compileShader(s);
  if (!gl.getShaderParameter(s, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(s));
  return s;
}

function setUpMesh() {
  gl = $("mesh").getContext("webgl", { antialias: true, alpha: true });
  if (!gl) return; // landmarks are drawn all the same
  program = gl.createProgram();
  gl.attachShader(program, shader(gl.VERTEX_SHADER, VERTEX));
  gl.attachShader(program, shader(gl.FRAGMENT_SHADER, FRAGMENT));
  gl.linkProgram(program);
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
  gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
  gl.useProgram(program);
  gl.enableVertexAttribArray(gl.getAttribLocation(program, "p"));
  gl.vertexAttribPointer(gl.getAttribLocation(program, "p"), 3, gl.FLOAT, false, 0, 0);
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
  const f = place(canvas);
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
  drawMesh();
  drawPoints();
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

window.addEventListener("resize", () => { dirty = true; });
connect();
draw();
