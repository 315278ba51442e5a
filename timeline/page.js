/* page.js -- keys and clicks; the last of the scripts, it starts all. */

/* ---- keys, clicks ---- */

const KEYS = {
    ArrowRight: () => move(1), ArrowLeft: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1),
    Home: () => move(-1e9), End: () => move(1e9), PageDown: () => move(10), PageUp: () => move(-10),
    n: () => moveSame(1), p: () => moveSame(-1), "/": () => byId("find").focus(),
    "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5),
};

document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target, typing = target.tagName === "INPUT";
    if (typing) {
        if (event.key === "Escape") { target.value = ""; filter(); canvas.focus(); }
        else if (event.key === "Enter") canvas.focus();
        else return;
        return event.preventDefault();
    }
    const inLine = target === canvas || target === list || target === document.body || target.tagName === "BUTTON";
    if (!KEYS[event.key] || !inLine && event.key.length > 1 && !/^Arrow(Left|Right)$/.test(event.key)) return;
    if (/^(ArrowDown|ArrowUp|Page|Home|End)/.test(event.key) && target !== canvas && target !== list
        && !(event.key === "Home" || event.key === "End")) return;
    if (/^(PRE|OL)$/.test(target.tagName) && event.key.startsWith("Arrow")) return;
    event.preventDefault();
    KEYS[event.key]();
});

function listen() {
    const click = (id, action) => byId(id).addEventListener("click", action);
    click("first", () => move(-1e9)); click("back", () => move(-1)); click("on", () => move(1)); click("last", () => move(1e9));
    click("same-on", () => moveSame(1)); click("same-back", () => moveSame(-1));
    click("evenly", () => scale(false)); click("counted", () => scale(true));
    click("closer", () => zoom(1.5)); click("wider", () => zoom(1 / 1.5));
    canvas.addEventListener("click", event => { if (shown.length) go(shown[nearest(event)]); });
    canvas.addEventListener("wheel", event => {
        if (event.ctrlKey) { event.preventDefault(); return zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2); }
        if (!event.deltaX && !event.shiftKey) return;
        event.preventDefault();
        left = Math.max(0, Math.min(left + (event.deltaX || event.deltaY), Math.max(0, span() - width + 160)));
        drawLanes();
    }, { passive: false });
    let dragged = false;
    const jumpTo = event => {
        const x = event.clientX - whole.getBoundingClientRect().left;
        if (shown.length) go(shown[Math.max(0, Math.min(shown.length - 1, Math.floor(x / width * shown.length)))]);
    };
    whole.addEventListener("pointerdown", event => { dragged = true; whole.setPointerCapture(event.pointerId); jumpTo(event); });
    whole.addEventListener("pointermove", event => { if (dragged) jumpTo(event); });
    whole.addEventListener("pointerup", () => { dragged = false; });
    list.addEventListener("scroll", () => requestAnimationFrame(() => { scrolled = list.scrollTop; drawList(); }));
    list.addEventListener("click", event => {
        const row = event.target.closest(".row");
        if (row) go(Number(row.dataset.index));
    });
    byId("find").addEventListener("input", filter);
    const again = () => { theme(); fit(); drawWhole(); reveal(); drawLanes(); drawMark(); room = list.clientHeight || 400; drawnRows = ""; drawList(); };
    window.addEventListener("resize", again);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}

byId("app").hidden = false;
byId("counted").parentElement.hidden = false;
if (!run.counted) { byId("counted").hidden = byId("evenly").hidden = true; }
theme();
drawAbout(); drawShare(); drawKinds(); drawComparison(); listen();
room = list.clientHeight || 400;
at = !endedWell ? Math.max(0, lastEvent) : Math.max(0, events.findIndex(event => event.k === "exit" || event.k === "trap"));
filter();
step = Math.max(34, Math.min(90, (width - 130) / Math.max(1, shown.length)));
go(at, true);
