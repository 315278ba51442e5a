/* way.js -- what ran behind an event: the lines of the sources, in the order they ran. */

/* ---- the way: what ran behind this event ---- */

function wayCards(event, index) {
    const owner = event.k === "vmx" ? parents[index] : index;
    if (event.k === "vmx" && guests) return owner >= 0 ? [make("p", {}, "Part of what ran behind ", jump(owner, events[owner].n), ".")] : [];
    if (event.p === undefined) return [];
    const path = run.paths[event.p], stay = stayOf(index);
    const cards = [make("h3", { class: "way" }, event.b === 0 ? "What " + whoIs(0) + " did" : event.b === 1 ? "What the guest’s ring 0 did" : "What " + whoIs(event.b) + " did",
        make("small", {}, " " + howMuch(path.length, stay, event)))];
    const values = [];
    for (let n = index + 1; n < events.length && events[n].k === "vmx"; n++) values.push(events[n]);
    let value = 0;
    const blocks = [];
    for (const id of path) {
        const code = run.code[id], file = code[5], line_ = code[6];
        let block = blocks[blocks.length - 1];
        if (!block || block.name !== code[4] || block.file !== file) {
            block = { name: code[4], file, lines: [], codes: 0 };
            blocks.push(block);
        }
        let last = block.lines[block.lines.length - 1];
        if (!last || file < 0 || last.line !== line_) {
            last = { line: line_, code, notes: [], count: 0 };
            block.lines.push(last);
        }
        last.count++;
        block.codes++;
        if (value < values.length && /^vm(read|write|clear|ptr|x)/.test(code[2]) && values[value].c === id) {
            const seen = values[value++];
            if (seen.v) last.notes.push(seen.v[0] + (seen.v[1] !== null ? (seen.v[2] === "read" ? " = 0x" : " := 0x") + seen.v[1] : ""));
            const result = fact(seen, "result");
            if (result && result !== "VMsucceed") last.notes.push(result);
        }
    }
    cards.push(make("ol", { class: "blocks" }, event.b === 2 || blocks.some(isMine) ? folded(blocks) :
        blocks.slice(0, BLOCKS).map(blockOf), blocks.length > BLOCKS && event.b !== 2 ? make("li", { class: "soft" },
        "… " + plural(blocks.length - BLOCKS, "more call")) : null));
    cards.push(sources(path));
    return cards;
}

function howMuch(traced, stay, event) {
    if (stay === null || traced >= stay) return plural(traced, "instruction");
    return event.w ? plural(stay, "instruction") + ", of these " + number(stay - traced) + " to print: left out" :
        plural(stay, "instruction") + ", of these the first " + number(traced);
}

const LINES = 48, BLOCKS = 24;
const isMine = block => block.file >= 0 && run.files[block.file].mine;

/* What is given between what is the student's own, folded into one line. */
function folded(blocks) {
    const items = [];
    let given = [];
    const close = () => {
        if (!given.length) return;
        const names = [...new Set(given.map(block => run.functions[block.name] || "?"))];
        const count = given.reduce((sum, block) => sum + block.codes, 0), held = given;
        const box = make("details", {}, make("summary", {}, "given: " + names.slice(0, 6).join(", ") +
            (names.length > 6 ? ", …" : ""), make("small", {}, " " + plural(count, "instruction"))));
        box.addEventListener("toggle", () => {
            if (box.open && box.childElementCount === 1) box.append(make("ol", { class: "blocks" }, held.slice(0, BLOCKS).map(blockOf),
                held.length > BLOCKS ? make("li", { class: "soft" }, "… " + plural(held.length - BLOCKS, "more call")) : null));
        });
        items.push(make("li", { class: "given" }, box));
        given = [];
    };
    for (const block of blocks) {
        if (!isMine(block)) { given.push(block); continue; }
        close();
        if (items.length < 60) items.push(blockOf(block));
    }
    close();
    return items;
}

function blockOf(block) {
    const file = block.file >= 0 ? run.files[block.file] : null, mine = file && file.mine;
    const text = file ? linesOf(file) : null;
    const rows = block.lines.slice(0, LINES).map(each => make("li", {},
        make("i", {}, file ? "" + each.line : place(each.code[3])),
        make("code", {}, file ? (text[each.line - 1] || "").replace(/\t/g, "        ") || " " : clean(each.code[2])),
        each.notes.length ? make("em", {}, "⟵ " + each.notes.join(", ")) : null));
    return make("li", { class: mine ? "mine" : "" },
        make("p", { class: "fn" }, make("b", {}, run.functions[block.name] || "code of the challenge"), " ",
             make("small", {}, file ? file.name : "", mine ? make("span", { class: "yours" }, "yours") : "", " " + plural(block.codes, "instruction"))),
        make("ol", { class: "code", tabindex: "0" }, rows, block.lines.length > LINES ? make("li", { class: "soft" }, make("i", {}), "… " + plural(block.lines.length - LINES, "more line")) : null));
}

const split = new Map();
function linesOf(file) {
    if (!split.has(file)) split.set(file, file.text.split("\n"));
    return split.get(file);
}

/* The functions that ran, whole, with the lines that ran marked. */
function sources(path) {
    const found = new Map();
    for (const id of path) {
        const code = run.code[id];
        if (code[5] < 0) continue;
        const key = code[4] + "@" + code[5];
        if (!found.has(key)) found.set(key, { name: code[4], file: run.files[code[5]], ran: new Set() });
        found.get(key).ran.add(code[6]);
    }
    const list_ = [...found.values()].sort((one, two) => two.file.mine - one.file.mine);
    if (!list_.length) return null;
    const box = make("details", { class: "sources" }, make("summary", {}, "These functions whole, with the lines that ran marked"));
    box.addEventListener("toggle", () => {
        if (!box.open || box.childElementCount > 1) return;
        for (const { name, file, ran } of list_) {
            const [from, to] = extent(linesOf(file), ran);
            box.append(make("p", { class: "fn" }, make("b", {}, run.functions[name]), " ", make("small", {}, file.name, file.mine ? make("span", { class: "yours" }, "yours") : "")),
                make("ol", { class: "code", tabindex: "0" }, linesOf(file).slice(from - 1, to).map((text, n) =>
                    make("li", { class: ran.has(from + n) ? "ran" : "" }, make("i", {}, "" + (from + n)),
                         make("b", {}, ran.has(from + n) ? "▸" : ""), make("code", {}, text.replace(/\t/g, "        ") || " ")))));
        }
    });
    return box;
}

/* From the line that opens the function to the one that closes it, as C is written here. */
function extent(text, ran) {
    let from = Math.min(...ran), to = Math.max(...ran);
    while (from > 1 && text[from - 2].trim() && !/^[}#]/.test(text[from - 2]) && Math.min(...ran) - from < 60) from--;
    if (!/^\S/.test(text[from - 1] || "")) {
        let up = from;
        while (up > 1 && !/^[a-z_{].*[^;]$/i.test(text[up - 1]) && from - up < 80) up--;
        if (/^\{/.test(text[up - 1])) up = Math.max(1, up - 1);
        from = up;
    }
    while (to < text.length && !/^\}/.test(text[to - 1]) && to - Math.max(...ran) < 80 && !/^\w+:/.test(text[to] || "")) to++;
    return [from, to];
}
