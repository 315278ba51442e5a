/* run.js -- what the page knows of a run, and where in it we are. page.py makes one script of this
 * and lanes.js, moment.js, way.js, whole.js, page.js: they draw it, tell a moment, move in it.
 *
 * The run is the JSON of record.py. All of it that comes from a program is put into the
 * document as text, never as HTML. Only what can be seen is drawn: the lanes' visible part,
 * the list's visible rows, one moment.
 */
"use strict";

const run = JSON.parse(document.getElementById("run").textContent);
const other = JSON.parse(document.getElementById("other").textContent);
const events = run.events;
const byId = id => document.getElementById(id);
const ROW = 32;         /* a row of the list */
const LANE = 44;        /* a lane */
const TOP = 26;         /* the names above the lanes */
const AXIS = 22;        /* the numbers below them */
const KINDS = {
    trap: { word: "trap", sign: "▲" }, exit: { word: "exit", sign: "▼" },
    entry: { word: "entry", sign: "▶" }, "return": { word: "return", sign: "↩" },
    vmx: { word: "VMX instruction", sign: "◆" }, mode: { word: "mode", sign: "○" },
};

/* ---- small helpers ---- */

function make(tag, options, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(options || {})) {
        if (name === "class") node.className = value;
        else if (name === "click") node.addEventListener("click", value);
        else if (name.startsWith("aria-")) node.setAttribute(name, value);
        else if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : value);
    }
    for (const child of children.flat(Infinity)) if (child !== null && child !== undefined && child !== "")
        node.append(child);
    return node;
}

const format = new Intl.NumberFormat("en");
const number = value => format.format(Math.round(value));
const refused = event => event.k === "vmx" && event.y !== undefined;
const label = event => event.k + ": " + event.n + (event.k === "entry" ? ": entered" :   /* page.py has the same */
    event.k !== "vmx" ? "" : /^vm(launch|resume)$/.test(event.n) ? refused(event) ? ": refused" : ": failed by an exit" :
    refused(event) ? ": failed" : "");
const plural = (count, word) => number(count) + " " + word + (count === 1 ? "" : "s");
const laneName = lane => run.lanes[lane];
const spaced = bytes => bytes.replace(/../g, "$& ").trim();
const clean = text => text.replace(/%[ds]s:(?=[\w(%-])/g, "").replace(/:0000000000(?=[0-9a-f]{6})/, ":");
const place = text => text.replace(/:0*(?=[0-9a-f]{4})/, ":");

function hex(text, name) {
    if (!text) return "·";
    const digits = name === "cs" ? 4 : name === "ip" || name === "flags" ? 0 :
        text.length > 8 ? 16 : 8;
    const full = text.padStart(digits, "0");
    return full.length > 8 ? full.slice(0, -8) + "_" + full.slice(-8) : full;
}

function registerName(name) {
    if (name === "ip") return "IP";
    if (name === "flags") return "FLAGS";
    return (run.wide ? name : name.replace(/^r(?=[a-z])/, "e")).toUpperCase();
}

/* ---- what is known of the run as a whole ---- */

const lanes = run.lanes.map((_, lane) => lane).filter(lane =>
    events.some(event => event.a === lane || event.b === lane));
const laneRow = new Map(lanes.map((lane, row) => [lane, row]));
const guests = events.some(event => event.k === "entry" || event.k === "exit");
const pair = new Int32Array(events.length).fill(-1);    /* of a leaving and its coming back */
const nextSwitch = new Int32Array(events.length).fill(-1);
const parents = new Int32Array(events.length).fill(-1); /* of a VMX instruction: its stay */

function relate() {
    const pending = [];
    let stay = -1;
    events.forEach((event, index) => {
        if (event.k === "vmx" && guests) {
            parents[index] = stay;
            return;
        }
        if (event.a === event.b && !/^(mode|vmx)$/.test(event.k)) return;
        if (stay >= 0) nextSwitch[stay] = index;
        stay = index;
        if (event.k === "trap" || event.k === "exit") pending[event.a] = index;
        else if (pending[event.b] !== undefined && (event.k === "entry" || event.k === "return")) {
            pair[index] = pending[event.b];
            pair[pending[event.b]] = index;
            pending[event.b] = undefined;
        }
    });
}
relate();

/* Instructions in each lane. */
function spent(record) {
    const sums = record.lanes.map(() => 0);
    let since = 0, lane = record.events.length ? record.events[0].a : 0;
    for (const event of record.events) {
        if (event.a === event.b) continue;
        sums[lane] += event.t - since;
        since = event.t;
        lane = event.b;
    }
    sums[lane] += Math.max(0, (record.end || since) - since);
    return sums;
}

function countsOf(record) {
    const counts = new Map();
    for (const event of record.events) counts.set(label(event), (counts.get(label(event)) || 0) + 1);
    return counts;
}

const counts = countsOf(run);
const hidden = new Set(events.filter(event => guests && event.k === "vmx" && !refused(event)).map(label));
const endedWell = /powered/.test(run.ended), lastEvent = events.length - 1;

/* ---- what is shown, and where we are ---- */

let shown = [];         /* indexes of events */
let rank = new Int32Array(events.length);       /* event → its place in `shown`, or that before */
let at = 0;             /* the event we look at */
let texts = null;       /* for finding, made when needed */
let byCount = false, step = 34, perPixel = 1, left = 0;

function textOf(event) {
    const code = event.c === undefined ? null : run.code[event.c];
    return [label(event), code ? code[2] : "", code ? run.functions[code[4]] : "",
            event.v ? event.v[0] : "", ...event.f ? event.f.map(fact => fact.join(" ")) : []]
        .join(" ").toLowerCase();
}

function filter() {
    const wanted = byId("find").value.trim().toLowerCase();
    if (wanted && !texts) texts = events.map(textOf);
    shown = [];
    events.forEach((event, index) => {
        if (!hidden.has(label(event)) && (!wanted || texts[index].includes(wanted))) shown.push(index);
        rank[index] = shown.length - 1;
    });
    byId("how-many").textContent = shown.length === events.length ? number(events.length) :
        number(shown.length) + " of " + number(events.length) + " shown";
    byId("space").style.height = shown.length * ROW + "px";
    const here = shown[Math.max(0, rank[at])];
    fit();
    if (here !== undefined) go(here, true);
    else { tellNothing(); drawLanes(); drawList(); }
    drawWhole();
}

function go(index, quietly) {
    at = index;
    reveal();
    drawLanes();
    drawMark();
    drawList(true);
    tell();
    if (!quietly) byId("said").textContent = sentence(events[at]) ;
}

function move(by) {
    if (!shown.length) return;
    go(shown[Math.min(shown.length - 1, Math.max(0, rank[at] + by))]);
}

function moveSame(by) {
    const name = label(events[at]);
    for (let place = rank[at] + by; place >= 0 && place < shown.length; place += by)
        if (label(events[shown[place]]) === name) return go(shown[place]);
}
