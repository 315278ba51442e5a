/* whole.js -- the run in numbers, and beside another one. */

/* ---- the run as a whole ---- */

function drawAbout() {
    const facts = [run.emulator + (run.cpu ? ", a " + run.cpu : ""),
        run.seed === null || run.seed === undefined ? "the challenge in the sources" : "the challenge of SEED=" + run.seed,
        run.counted ? plural(run.end || 0, "instruction") : "in order; QEMU counts no instructions, and records no ways back",
        ...run.base === "reference" ? ["BASE=reference"] : []];
    byId("about").classList.toggle("stopped", !endedWell);
    byId("about").replaceChildren(facts.join(" · "), " · ", events.length ? jump(lastEvent, "the end: " + run.ended) : run.ended);
}

function drawShare() {
    const box = byId("share");
    if (!run.counted) {
        byId("worlds").hidden = true;
        return;
    }
    const sums = spent(run), all = sums.reduce((one, two) => one + two, 0) || 1;
    const track = make("div", { class: "track", "aria-hidden": "true" });
    const rows = lanes.map(lane => {
        const part = make("span", { class: "lane" + lane });
        part.style.flexGrow = Math.max(sums[lane] / all, .004);
        track.append(part);
        const into = events.filter(event => event.b === lane && event.a !== lane).length;
        return make("div", { class: "lane" + lane }, make("dt", {}, laneName(lane)),
            make("dd", {}, make("b", {}, number(sums[lane])), " instructions, ", percent(sums[lane] / all), ", entered " + plural(into, "time")));
    });
    box.replaceChildren(track, make("dl", { class: "worlds" }, rows));
}

const percent = part => part > 0 && part < .001 ? "< 0.1 %" : (part * 100).toFixed(1) + " %";

function drawKinds() {
    const order = Object.keys(KINDS);
    const names = [...counts.keys()].sort((one, two) => order.indexOf(one.split(":")[0]) - order.indexOf(two.split(":")[0]) || counts.get(two) - counts.get(one));
    byId("kinds").replaceChildren(...names.map(name => {
        const kind = name.split(":")[0];
        return make("button", { class: "kind " + kind, "aria-pressed": !hidden.has(name), "data-kind": name, click: event => {
            if (event.shiftKey || event.altKey) { names.forEach(each => hidden.add(each)); hidden.delete(name); }
            else if (!hidden.delete(name)) hidden.add(name);
            drawKinds(); filter();
            document.querySelector('[data-kind="' + CSS.escape(name) + '"]').focus();
        }, title: "click: show or hide; with Shift: only this" },
            make("span", { "aria-hidden": "true" }, (KINDS[kind] || {}).sign || "•"), " " + name.slice(kind.length + 2) + " ", make("b", {}, number(counts.get(name))));
    }));
}

/* ---- two runs ---- */

function drawComparison() {
    if (!other) return;
    byId("comparison").hidden = false;
    const theirs = countsOf(other), title = other.title || "the other run";
    const names = [...new Set([...counts.keys(), ...theirs.keys()])].sort();
    const row = (name, one, two) => make("tr", { class: one === two ? "" : "differs" }, make("th", { scope: "row" }, name),
        make("td", {}, number(one)), make("td", {}, number(two)),
        make("td", {}, one === two ? "=" : (one > two ? "+" : "−") + number(Math.abs(one - two))));
    const order = Object.keys(KINDS), kindOf = name => order.indexOf(name.split(":")[0]);
    const same = name => (counts.get(name) || 0) === (theirs.get(name) || 0);
    names.sort((one, two) => kindOf(one) - kindOf(two));
    const rows = names.filter(name => !/^(vmx|mode)/.test(name) || !same(name)).map(name => row(name, counts.get(name) || 0, theirs.get(name) || 0));
    if (run.counted && other.counted) {
        const mine = spent(run), his = spent(other);
        lanes.forEach(lane => rows.push(row("instructions in " + laneName(lane), mine[lane], his[lane] || 0)));
    }
    byId("compared").replaceChildren(departure(title),
        make("div", { class: "scroll", tabindex: "0" }, make("table", {}, make("thead", {}, make("tr", {},
            ["", "this run", title, "difference"].map(text => make("th", { scope: "col" }, text)))), make("tbody", {}, rows))));
}

/* Where they part, as alike.py found it. */
function departure(title) {
    const found = other.departure;
    if (!found.parted)
        return make("p", { class: "note good" }, "The same traps, exits, entries and refused instructions, in the same order, " + found.far + ": " +
            number(found.alike) + ". What moves with the link is not compared, nor other VMX instructions, nor what lies between.");
    return make("p", { class: "note", id: "departure" }, "Alike for ", make("b", {}, plural(found.alike, "event")), ". Then they part: in this run comes ",
        found.at === null ? found.this : jump(found.at, found.this),
        found.at !== null && run.counted ? " at instruction " + number(events[found.at].t) : "", "; in " + title + ", ",
        make("b", {}, found.other), found.differs ? ": " + found.differs : "", ".");
}
