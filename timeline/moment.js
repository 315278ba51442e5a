/* moment.js -- one event, told: in words, with its instruction, registers, log. */

/* ---- the moment, told ---- */

const whoIs = lane => lane === 0 ? (/task/.test(run.lanes[0]) ? "the task" : "the guest") :
    lane === 1 ? "the guest’s ring 0" : /monitor/.test(run.lanes[2]) ? "your monitor" : "the host";
const Who = lane => whoIs(lane).replace(/^t/, "T").replace(/^y/, "Y");
const instruction = event => event.c === undefined ? null : clean(run.code[event.c][2]);

function stayOf(index) {
    if (!run.counted) return null;
    const next = nextSwitch[index];
    return (next >= 0 ? events[next].t : Math.max(run.end || 0, events[index].t)) - events[index].t;
}

function changesOf(first, second) {
    const changed = [];
    if (!first || !second) return changed;
    run.registers.forEach((name, column) => {
        if (first[column] && second[column] && first[column] !== second[column])
            changed.push([registerName(name),
                          hex(first[column], name), hex(second[column], name), name]);
    });
    return changed;
}

function sentence(event) {
    return label(event) + ", event " + (at + 1) + " of " + events.length +
        (instruction(event) ? ": " + instruction(event) : "");
}

/* The moment in words: what happened, who has the CPU now, how it went on. */
function words(event, index) {
    const said = instruction(event), code = said ? make("code", {}, said) : "an instruction";
    const again = pair[index] > index ? events[pair[index]] : null;
    const lines = [];
    const how = [];
    if (event.k === "trap" && event.a !== event.b) {
        lines.push([Who(event.a), " executes ", code, ". It is refused: the CPU raises ", make("b", {}, event.n),
                    " and goes to ", make("b", {}, whoIs(event.b)), ", ring 0."]);
    } else if (event.k === "trap") {
        lines.push(["An exception in ", make("b", {}, whoIs(event.a)), " itself: ", make("b", {}, event.n),
                    said ? [", at ", code] : "", ". ", fact(event, ENDS) ? "" : "The CPU stays in this ring."]);
    } else if (event.k === "exit" && event.a === event.b) {
        lines.push(["The entry got as far as the guest’s state, and failed: ", make("b", {}, event.n),
                    ". The guest has not run."]);
    } else if (event.k === "exit") {
        lines.push([Who(event.a), " executes ", code, ". That makes a ", make("b", {}, "VM exit"), ": ",
                    make("b", {}, event.n), fact(event, "that is") ? ", " + fact(event, "that is") :
                        fact(event, "vector") ? ", here " + fact(event, "vector").replace(/.*, /, "") : "",
                    ". The CPU puts the guest into the VMCS and goes on in ", make("b", {}, whoIs(event.b)), "."]);
    } else if (event.k === "entry") {
        lines.push([Who(event.a), " executes ", make("code", {}, event.n), ". The CPU loads the guest from the VMCS; ",
                    make("b", {}, whoIs(event.b)), " goes on at ", make("code", {}, atPlace(event)), "."]);
        if (fact(event, "injected")) lines.push(["First it delivers what was injected: ", fact(event, "injected").replace(/:.*/, ""), "."]);
    } else if (event.k === "return") {
        lines.push([Who(event.a), " goes back by ", make("code", {}, "IRET"), ": ", make("b", {}, whoIs(event.b)),
                    " goes on at ", make("code", {}, atPlace(event)), "."]);
    } else if (event.k === "vmx") {
        const result = fact(event, "result") || "";
        lines.push([Who(event.a), " executes ", code, event.v ? [", which " + (event.v[2] === "read" ? "reads " : "writes "),
                    make("b", {}, event.v[0]), event.v[1] !== null ? [event.v[2] === "read" ? ": " : " := ",
                    make("code", {}, "0x" + event.v[1])] : ""] : "", ". ",
                    result === "VMsucceed" ? "It succeeds." : make("b", { class: "bad" }, result + ".")]);
    } else {
        lines.push(["The CPU goes ", make("b", {}, event.n), said ? [", by ", code] : "", "."]);
    }
    if (fact(event, ENDS)) {
        const known = ["CR2 is in", "CR3"].filter(name => fact(event, name)).map(name => name + " " + fact(event, name));
        lines.push([make("b", { class: "bad" }, "The run ends here, in " + fact(event, ENDS) + "."),
                    fact(event, "at") ? [" The CPU was at ", make("code", {}, fact(event, "at")), "."] : "",
                    known.length ? " " + known.join("; ") + "." : ""]);
    }
    const stay = event.k === "vmx" || event.a === event.b && event.k !== "mode" ? null : stayOf(index);
    const next = nextSwitch[index] >= 0 ? events[nextSwitch[index]] : null;
    if (stay !== null) how.push(make("b", {}, plural(stay, "instruction")),
        " in " + whoIs(event.b) + (next ? ", then: " : ", then the run ends: " + run.ended + "."),
        next ? jump(nextSwitch[index], next.k === "entry" ? next.n + ", into the guest" :
            next.k === "return" ? "back to " + whoIs(next.b) : next.n) : "", next ? "." : "");
    if (how.length) lines.push(how);
    if (again) {
        const changed = changesOf(event.r, again.r).filter(each => !/^(flags|cr0|cr3)$/.test(each[3]));
        const moved = changed.find(each => each[3] === "ip");
        const rest = changed.filter(each => each[3] !== "ip" && each[3] !== "cs");
        if (event.r && again.r) lines.push([Who(event.a), " goes on ", jump(pair[index], "here"),
            moved ? [" at ", make("code", {}, moved[2]), behind(event, again)] : ", at the same instruction", "; ",
            rest.length ? ["what it finds changed: ", ...rest.slice(0, 4).flatMap((each, n) =>
                [n ? ", " : "", make("code", {}, each[0] + " " + each[1] + " → " + each[2])]),
                rest.length > 4 ? " and " + (rest.length - 4) + " more" : ""] : "no register has changed", "."]);
    } else if ((event.k === "trap" || event.k === "exit") && event.a !== event.b && run.counted) {
        lines.push([Who(event.a), " does not go on after this."]);
    }
    return lines;
}

function behind(event, again) {
    const column = run.registers.indexOf("ip");
    const by = parseInt(again.r[column], 16) - parseInt(event.r[column], 16);
    return by > 0 && by < 16 ? " (" + plural(by, "byte") + " further)" : "";
}

function atPlace(event) {
    const value = name => event.r && event.r[run.registers.indexOf(name)];
    const path = event.p !== undefined && run.paths[event.p].length ? run.code[run.paths[event.p][0]] : null;
    return path ? place(path[3]) : value("ip") || "?";
}

const fact = (event, name) => { const found = (event.f || []).find(each => each[0] === name); return found && found[1]; };
const ENDS = "the run ends here";
const jump = (index, text) => make("button", { class: "jump", click: () => goAnyway(index) }, text);

/* To an event that the filter may hide. */
function goAnyway(index) {
    if (shown[rank[index]] !== index) {
        hidden.delete(label(events[index]));
        byId("find").value = "";
        at = index;
        drawKinds(); filter();
    } else go(index);
}

function tellNothing() {
    if (!events.length) return byId("now").replaceChildren(
        make("p", { class: "note" }, "The CPU recorded nothing of this kind: " + run.ended + ". This is all that the program said:"),
        make("pre", { class: "log", tabindex: "0" }, run.log.slice(0, 20000) || "(nothing)"));
    byId("now").replaceChildren(make("p", { class: "note" }, "No event is shown. Switch a kind on, or empty the search."));
}

function tell() {
    const event = events[at], index = at;
    if (!event) return tellNothing();
    const kind = KINDS[event.k] || { word: event.k };
    const parts = [
        make("p", { class: "kicker" }, make("span", { class: "badge " + event.k }, kind.word), " event ",
             number(at + 1) + " of " + number(events.length), run.counted ? [", at instruction ", make("b", {}, number(event.t))] : ""),
        make("h2", {}, event.n),
        make("div", { class: "story" }, words(event, index).map(each => make("p", {}, each))),
        make("div", { class: "cards" }, instructionCard(event), factsCard(event), logCard(event, index)),
        registersCard(event, index),
        ...wayCards(event, index),
    ];
    byId("now").replaceChildren(...parts.filter(Boolean));
}

function instructionCard(event) {
    if (event.c === undefined) return make("div", { class: "card" }, make("h3", {}, "The instruction"),
        make("p", { class: "soft" }, event.k === "return" ? "IRET; the stay before it was too long to be traced to its end." :
        !run.counted ? "QEMU records no bytes, and this address is not one of the disk's: paging is in between. On Bochs it is known." :
        event.r ? "It was not traced: the stay before it was too long." :
        fact(event, "at") ? "At " + fact(event, "at") + ". Its bytes could not be read." :
        "The record has no more of it: the CPU changed no mode here."));
    const [address, bytes, , at_, label_, file, line_] = run.code[event.c];
    const source = file >= 0 ? run.files[file] : null;
    return make("div", { class: "card" }, make("h3", {}, "The instruction"),
        make("p", { class: "big" }, make("code", {}, instruction(event))),
        make("dl", { class: "pairs" }, make("dt", {}, "bytes"), make("dd", {}, spaced(bytes)),
             make("dt", {}, "at"), make("dd", {}, place(at_) + ", linear " + address),
             make("dt", {}, "source"), make("dd", {}, source ? [source.name + ":" + line_,
                  make("code", { class: "src" }, (source.text.split("\n")[line_ - 1] || "").trim())] :
                  run.functions[label_] ? "no line known; behind the label " + run.functions[label_] :
                  "none: it lies in the challenge")));
}

function factsCard(event) {
    if (!event.f || !event.f.length) return null;
    return make("div", { class: "card" }, make("h3", {}, event.k === "exit" ? "Why: the VMCS says" : event.k === "trap" ? "Why: the CPU says" : "What is known"),
        make("dl", { class: "pairs" }, event.f.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)])));
}

/* What went out on the serial line from this event to the next switch. */
function logCard(event, index) {
    if (event.o === undefined && !run.log) return null;
    const next = event.k === "vmx" || nextSwitch[index] < 0 ? index + 1 : nextSwitch[index];
    const from = event.o || 0;
    const to = event.k !== "vmx" && nextSwitch[index] < 0 && event.a !== event.b ? run.log.length :
        next < events.length ? events[next].o || 0 : run.log.length;
    const start = run.log.lastIndexOf("\n", from - 1) + 1;
    const nothing = to <= from;
    const now = run.log.slice(from, to), shown_ = now.length > 1500 ? now.slice(0, 1500) : now;
    const lineEnd = run.log.indexOf("\n", Math.max(to - 1, 0));
    return make("div", { class: "card" }, make("h3", {}, "The log of this moment"),
        nothing ? make("p", { class: "soft" }, "Nothing is said until the next event.") : null,
        make("pre", { class: "log", tabindex: "0" }, make("span", { class: "soft" }, before(start)),
             make("span", { class: "soft" }, run.log.slice(start, from)),
             nothing ? make("span", { class: "caret", "aria-hidden": "true" }, "▏") : make("mark", {}, shown_),
             now.length > 1500 ? make("span", { class: "soft" }, " … " + plural(now.length - 1500, "more byte")) :
             lineEnd > to && to > start ? make("span", { class: "soft" }, run.log.slice(to, Math.min(lineEnd, to + 80))) : ""),
        run.exact_log ? null : make("p", { class: "soft" }, "Not every byte could be placed: this is near, not exact."));
}

function before(start) {
    const two = run.log.lastIndexOf("\n", run.log.lastIndexOf("\n", start - 2) - 1) + 1;
    return start > 0 ? run.log.slice(two, start) : "";
}

function registersCard(event, index) {
    let first = event.r, second = null, names = ["then"], lead = "";
    if (event.k === "vmx") { second = event.s; names = ["before it", "after it"]; }
    else if (pair[index] > index) {
        second = events[pair[index]].r; names = ["when it left", "when it goes on"];
        lead = "Of " + whoIs(event.a) + ", at this event and at its next instruction. What changed meanwhile is your handler’s doing, or the CPU’s.";
    } else if (pair[index] >= 0) {
        first = events[pair[index]].r; second = event.r; names = ["when it left", "now, as it goes on"];
        lead = "Of " + whoIs(event.b) + ", since the " + events[pair[index]].k + " before.";
    }
    if (!first && !second) return null;
    const rows = [];
    let changes = 0;
    run.registers.forEach((name, column) => {
        const one = first ? first[column] : "", two = second ? second[column] : "";
        if (!one && !two) return;
        const changed = one && two && one !== two;
        changes += changed ? 1 : 0;
        rows.push(make("div", { class: "reg" + (changed ? " changed" : ""), role: "row" },
            make("span", { class: "name", role: "rowheader" }, registerName(name)),
            make("span", { class: "old", role: "cell" }, hex(one, name)),
            second ? make("span", { role: "cell" }, changed ? make("span", { class: "arrow" }, "→ ") : "",
                changed ? make("b", {}, hex(two, name)) : one ? make("span", { class: "soft", "aria-label": "the same" }, "=") : hex(two, name),
                changed ? make("span", { class: "off" }, " changed") : "") : null));
    });
    return make("div", { class: "card registers" + (run.wide ? " wide" : "") }, make("h3", {}, "Registers", second ? make("small", {}, " " + (changes ? plural(changes, "change") : "no change")) : ""),
        lead ? make("p", { class: "soft" }, lead) : null,
        make("div", { class: "regs" + (second ? "" : " single"), role: "table", "aria-label": "Registers: " + names.join(", ") }, rows));
}
