/* lanes.js -- the drawing: lanes, the strip of the whole run, the list of events. */

/* ---- the lanes ---- */

const canvas = byId("lanes"), whole = byId("whole");
let colours = {}, width = 600;

function theme() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["ink", "soft", "line", "card", "paper", "lane0", "lane1", "lane2", "wash0",
                        "wash1", "wash2", "trap", "exit", "entry", "return", "vmx", "mode", "focus", "pick"])
        colours[name] = style.getPropertyValue("--" + name).trim();
}

function prepare(canvas, height) {
    const scale = window.devicePixelRatio || 1;
    const wide = canvas.parentElement.clientWidth;
    if (canvas.width !== Math.round(wide * scale) || canvas.height !== Math.round(height * scale)) {
        canvas.width = Math.round(wide * scale);
        canvas.height = Math.round(height * scale);
        canvas.style.height = height + "px";
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, wide, height);
    return pen;
}

const GUTTER = 12;
const middle = lane => TOP + (laneRow.get(lane) + .5) * LANE;
const span = () => byCount ? (events.length ? Math.max(run.end || 0, events[events.length - 1].t) : 0) / perPixel :
    Math.max(0, shown.length - 1) * step;
const xOf = place => (byCount ? events[shown[place]].t / perPixel : place * step) - left + GUTTER + 40;

function fit() {
    width = canvas.parentElement.clientWidth;
    if (byCount) perPixel = Math.max(1, (run.end || 1) / Math.max(200, width - 80));
}

function reveal() {
    const x = xOf(rank[at]), room = width - 60;
    if (x < 60 || x > room) left += x - width * (x < 60 ? .35 : .5);
    left = Math.max(0, Math.min(left, Math.max(0, span() - width + 160)));
}

function firstVisible() {
    let low = 0, high = shown.length;
    while (low < high) {
        const mid = low + high >> 1;
        if (xOf(mid) < -20) low = mid + 1; else high = mid;
    }
    return Math.max(0, low - 1);
}

function drawLanes() {
    const height = TOP + lanes.length * LANE + AXIS, pen = prepare(canvas, height);
    lanes.forEach((lane, row) => {
        pen.fillStyle = colours["wash" + lane];
        pen.fillRect(0, TOP + row * LANE, width, LANE);
    });
    if (shown.length && rank[at] >= 0) {
        const x = xOf(rank[at]);
        pen.fillStyle = colours.pick;
        pen.fillRect(x - 9, 0, 18, height);
    }
    const start = firstVisible();
    let before = start ? xOf(start - 1) : xOf(0) - 40, lastText = -1e9, lastTick = -1e9, drawn = -1e9;
    pen.lineCap = "round";
    pen.font = "11px system-ui, sans-serif";
    for (let number_ = start; number_ < shown.length; number_++) {
        const event = events[shown[number_]], x = xOf(number_), from = middle(event.a), to = middle(event.b);
        if (before > width + 20) break;
        stretch(pen, before, x, from, event.a);
        const previous = number_ ? events[shown[number_ - 1]] : null;
        if (previous && previous.b !== event.a) {       /* hidden events between them */
            pen.strokeStyle = colours.line; pen.setLineDash([2, 3]); pen.lineWidth = 1.5;
            line(pen, before, middle(previous.b), before, from);
            pen.setLineDash([]);
        }
        if (x - drawn > .7 || shown[number_] === at) { mark(pen, event, x, from, to, x - before > 5 || !byCount); drawn = x; }
        const wide = widthOf(pen, event.n);
        if (shown[number_] === at || x - wide / 2 > lastText + 8 &&
            (shown[number_] > at || x + wide / 2 < xOf(rank[at]) - widthOf(pen, events[at].n) / 2 - 8)) {
            const middle_ = Math.max(wide / 2 + 3, Math.min(width - wide / 2 - 3, x));
            if (shown[number_] !== at && middle_ !== x) { before = x; continue; }
            pen.textAlign = "center"; pen.textBaseline = "middle";
            pen.fillStyle = shown[number_] === at ? colours.ink : colours.soft;
            pen.font = (shown[number_] === at ? "600 " : "") + "11px system-ui, sans-serif";
            pen.fillText(event.n, middle_, 13);
            pen.font = "11px system-ui, sans-serif";
            lastText = middle_ + wide / 2;
        }
        before = x;
        const tick = run.counted ? number(event.t) : "" + (shown[number_] + 1);
        if (x - lastTick > 80 && x < width - 20) {
            pen.textAlign = "center"; pen.fillStyle = colours.soft;
            pen.fillText(tick, x, height - AXIS / 2);
            lastTick = x;
        }
    }
    if (shown.length) {
        const end = shown.length - 1, x = xOf(end);
        if (x < width) stretch(pen, x, byCount ? Math.max(x, (run.end || 0) / perPixel - left + GUTTER + 40) : x + 40,
                               middle(events[shown[end]].b), events[shown[end]].b);
    }
    pen.textAlign = "left"; pen.textBaseline = "top";
    lanes.forEach((lane, row) => {
        pen.font = "600 11px system-ui, sans-serif";
        const wide = pen.measureText(laneName(lane)).width;
        pen.globalAlpha = .82; pen.fillStyle = colours["wash" + lane];
        pen.fillRect(2, TOP + row * LANE + 1, wide + 10, 16); pen.globalAlpha = 1;
        pen.fillStyle = colours["lane" + lane];
        pen.fillText(laneName(lane), 6, TOP + row * LANE + 4);
    });
}

const widths = new Map();
function widthOf(pen, text) {
    if (!widths.has(text)) widths.set(text, pen.measureText(text).width * 1.12)   /* it may be set in bold */;
    return widths.get(text);
}

function line(pen, x1, y1, x2, y2) { pen.beginPath(); pen.moveTo(x1, y1); pen.lineTo(x2, y2); pen.stroke(); }

function stretch(pen, from, to, y, lane) {
    pen.strokeStyle = colours["lane" + lane]; pen.lineWidth = 4;
    line(pen, Math.max(-10, from), y, Math.min(width + 10, to), y);
}

function mark(pen, event, x, from, to, roomy) {
    pen.strokeStyle = pen.fillStyle = colours[event.k] || colours.ink;
    pen.lineWidth = roomy ? 2.5 : 1;
    if (from === to) {
        pen.beginPath(); pen.arc(x, from, roomy ? 4.5 : 2, 0, 7); pen.fill();
        return;
    }
    line(pen, x, from, x, to);
    if (!roomy) return;
    const way = to > from ? 1 : -1;
    pen.beginPath();
    pen.moveTo(x, to + way * 1); pen.lineTo(x - 5, to - way * 9); pen.lineTo(x + 5, to - way * 9);
    pen.fill();
}

/* The whole run in one strip: one column per pixel, in the colour of the lane it is in. */
const strip = document.createElement("canvas");
function drawWhole() {
    const height = 26, places = shown.length, scale = window.devicePixelRatio || 1;
    prepare(whole, height);
    strip.width = whole.width; strip.height = whole.height;
    const pen = strip.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const columns = Math.max(1, Math.floor(width));
    for (let x = 0; x < columns && places; x++) {
        const from = Math.floor(x * places / columns), to = Math.max(from + 1, Math.floor((x + 1) * places / columns));
        const seen = new Set();
        for (let n = from; n < to && n < places && seen.size < lanes.length; n++) seen.add(events[shown[n]].b);
        for (const lane of seen) {
            pen.fillStyle = colours["lane" + lane];
            pen.fillRect(x, 2 + laneRow.get(lane) * (height - 4) / lanes.length, 1, (height - 4) / lanes.length - 1);
        }
    }
    drawMark();
}

function drawMark() {
    const pen = prepare(whole, 26);
    if (!shown.length) return;
    pen.drawImage(strip, 0, 0, width, 26);
    const x = (rank[at] + .5) * width / shown.length;
    pen.fillStyle = colours.ink;
    pen.fillRect(x - 1, 0, 2.5, 26);
    pen.beginPath(); pen.moveTo(x - 5, 0); pen.lineTo(x + 5, 0); pen.lineTo(x, 6); pen.fill();
}

function zoom(factor) {
    const x = xOf(rank[at]);
    if (byCount) perPixel = Math.max(.02, Math.min(perPixel / factor, (run.end || 1) / 100));
    else step = Math.max(2, Math.min(160, step * factor));
    left += xOf(rank[at]) - x;
    reveal(); drawLanes();
}

function scale(counted) {
    byCount = counted;
    byId("counted").setAttribute("aria-pressed", counted);
    byId("evenly").setAttribute("aria-pressed", !counted);
    left = 0; fit(); reveal(); drawLanes();
}

function nearest(event) {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    let low = 0, high = shown.length - 1;
    while (low < high) { const mid = low + high >> 1; if (xOf(mid) < x) low = mid + 1; else high = mid; }
    return low > 0 && Math.abs(xOf(low - 1) - x) < Math.abs(xOf(low) - x) ? low - 1 : low;
}

/* ---- the list ---- */

const list = byId("list"), space = byId("space");
let room = 400, scrolled = 0, drawnRows = "", hereRow = null;   /* reading them costs a layout */

function choose(row) {
    if (hereRow) { hereRow.classList.remove("here"); hereRow.setAttribute("aria-selected", "false"); }
    hereRow = row;
    if (row) { row.classList.add("here"); row.setAttribute("aria-selected", "true"); }
    if (shown.length) list.setAttribute("aria-activedescendant", "row-" + at);
}

function drawList(follow) {
    if (follow && rank[at] >= 0) {
        const y = rank[at] * ROW;
        if (y < scrolled || y > scrolled + room - ROW) {
            scrolled = Math.max(0, Math.min(y - room / 2, shown.length * ROW - room));
            list.scrollTop = scrolled;
        }
    }
    const first = Math.max(0, Math.floor(scrolled / ROW) - 4);
    const last = Math.min(shown.length, first + Math.ceil(room / ROW) + 9);
    const wanted = first + " " + last + " " + shown.length + " " + shown[first];
    if (wanted === drawnRows) return choose(byId("row-" + at));
    drawnRows = wanted;
    const rows = [];
    for (let place_ = first; place_ < last; place_++) {
        const index = shown[place_], event = events[index], code = event.c === undefined ? null : run.code[event.c];
        const row = make("div", { class: "row " + event.k, role: "option",
                                  id: "row-" + index, "aria-selected": false,
                                  "aria-setsize": shown.length, "aria-posinset": place_ + 1 },
            make("span", { class: "when" }, run.counted ? number(event.t) : "" + (index + 1)),
            make("span", { class: "sign", "aria-hidden": "true" }, (KINDS[event.k] || {}).sign || "•"),
            make("span", { class: "what" }, make("b", {}, event.n), " ",
                 make("span", {}, event.v ? event.v[0] : code ? clean(code[2]) : "")));
        row.style.top = place_ * ROW + "px";
        row.dataset.index = index;
        rows.push(row);
    }
    space.replaceChildren(...rows);
    hereRow = null;
    choose(byId("row-" + at));
}
