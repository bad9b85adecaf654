"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const order = JSON.parse(byId("order").textContent);
  const resources = order.resources;
  const graph = byId("graph");
  const panel = byId("panel");
  const slider = byId("step");
  const SIGNS = { done: "m-3.5 0 2.5 2.8L4-3", deleted: "m-3-3 6 6m0-6-6 6", now: "M-2-3.5 3.5 0-2 3.5z" };
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  for (const each of resources) each.dependents = [];
  resources.forEach((each, n) => {
    for (const [other, sources] of each.dependsOn) resources[other].dependents.push([n, sources]);
  });

  // Both pictures: of all resources, and of those that belong to a role.
  const pictures = [...graph.children].map((frame) => {
    const boxes = new Map();
    const lanes = [...frame.querySelectorAll(".lane")];
    lanes.forEach((lane, row) => {
      for (const element of lane.querySelectorAll(".box")) {
        const n = Number(element.dataset.n);
        const y = element.transform.baseVal.getItem(0).matrix.f;
        boxes.set(n, { n, element, row, y, step: Number(element.dataset.step) });
      }
    });
    const arrows = [...frame.querySelectorAll(".arrow")].map((element) => ({
      element,
      from: Number(element.dataset.from),
      to: Number(element.dataset.to),
    }));
    const drawings = [...frame.querySelectorAll(".lane > svg")].map((element) => ({
      element,
      width: element.viewBox.baseVal.width,
      height: element.viewBox.baseVal.height,
    }));
    return { frame, boxes, arrows, drawings, on: [], chosen: null, stop: null };
  });
  let picture = pictures[0];
  let mode = "creation";
  let step = 0;
  let timer = null;
  let pinned = null; // selected by focus, click, tap or search, until the next selection
  let pointed = null; // under the mouse

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  // long names may break before a word
  const broken = (text) => text.split(/(?<=[a-z0-9/:])(?=[A-Z])/).flatMap((part, index) =>
    (index ? [make("wbr", {}), part] : [part]));
  const draw = (tag, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // -- the selected resource

  const chain = (n, next) => {
    const found = new Set([n]);
    for (const each of found) for (const [other] of next(resources[each])) found.add(other);
    return found;
  };

  const highlight = (n) => {
    for (const element of picture.on) element.classList.remove("on", "chosen");
    picture.on = [];
    picture.frame.classList.toggle("choosing", n !== null);
    if (n === null) return;
    const before = chain(n, (each) => each.dependsOn);
    const after = chain(n, (each) => each.dependents);
    const add = (element, ...names) => {
      element.classList.add(...names);
      picture.on.push(element);
    };
    for (const each of new Set([...before, ...after])) {
      const box = picture.boxes.get(each);
      if (box) add(box.element, "on", ...(each === n ? ["chosen"] : []));
    }
    for (const { element, from, to } of picture.arrows) {
      if ((before.has(from) && before.has(to)) || (after.has(from) && after.has(to))) add(element, "on");
    }
  };

  const stepIn = (each, way) => {
    const { step, of } = order.steps[way][each[way][0] - 1];
    return `step ${step} of ${of}`;
  };

  const links = (title, empty, linked) => {
    const items = linked.map(([n, sources]) =>
      make("li", {}, make("button", { type: "button", onclick: () => choose(n, { focus: true }) }, ...broken(resources[n].name)),
        make("code", { textContent: sources })));
    return [
      make("h3", { textContent: `${title}${items.length ? ` (${items.length})` : ""}` }),
      items.length ? make("ul", {}, ...items) : make("p", { className: "none", textContent: empty }),
    ];
  };

  const describe = (n) => {
    panel.classList.toggle("filled", n !== null);
    document.body.classList.toggle("with-sheet", n !== null);
    if (n === null) {
      const keys = make("p", { className: "hint" });
      keys.append(make("kbd", { textContent: "←" }), " dependency, ", make("kbd", { textContent: "→" }), " dependent resource, ",
        make("kbd", { textContent: "Space" }), " play or pause, ", make("kbd", { textContent: "Esc" }), " clear the selection.");
      panel.replaceChildren(
        make("h2", { textContent: "No resource is selected" }),
        make("p", { className: "hint", textContent: "Point at a resource or select one to see its dependencies." }), keys);
      return;
    }
    const each = resources[n];
    const close = make("button", { type: "button", className: "close", onclick: clear },
      draw("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, draw("path", { d: "m1 1 10 10m0-10L1 11" })));
    close.setAttribute("aria-label", "Close");
    const facts = make("dl", {});
    const fact = (term, value) => facts.append(make("dt", { textContent: term }), make("dd", {}, ...broken(value)));
    fact("Creation", stepIn(each, "creation"));
    fact("Deletion", stepIn(each, "teardown"));
    fact("Stack", each.stack);
    fact("Type", each.type);
    if (each.nested) fact("Nested stack", each.nested);
    if (each.path !== null) fact("Path", each.path);
    fact("Logical ID", each.logicalId);
    panel.replaceChildren(
      make("header", {}, make("h2", {}, ...broken(each.name)), close),
      ...each.sentences.map((words, index) => make("p", { className: `mark-word ${each.marks[index]}` }, ...broken(words))),
      facts,
      ...links("Depends on", "It does not depend on another resource of its stack.", each.dependsOn),
      ...links("Dependent resources", "No other resource of its stack depends on it.", each.dependents));
    panel.scrollTop = 0;
  };

  const show = () => {
    const n = pointed ?? pinned;
    highlight(n);
    if (n !== null) describe(n);
  };

  // scroll only as far as needed to show the boxes; scroll the page only if a phone's panel covers them
  const reveal = (elements, margin) => {
    const sheet = getComputedStyle(panel).position === "fixed" ? panel.offsetHeight : 0;
    let frame = graph.getBoundingClientRect();
    const covered = frame.bottom - (innerHeight - sheet);
    if (sheet && covered > 0) window.scrollBy({ top: Math.min(covered, frame.top - 8), behavior: "instant" });
    frame = graph.getBoundingClientRect();
    const boxes = elements.map((each) => each.getBoundingClientRect());
    const by = (low, high) => {
      const start = Math.min(...boxes.map((box) => box[low])) - margin - frame[low];
      const end = Math.max(...boxes.map((box) => box[high])) + margin - frame[high];
      return start < 0 ? start : end > 0 ? Math.min(start, end) : 0;
    };
    graph.scrollBy({ left: by("left", "right"), top: by("top", "bottom"), behavior: calm.matches ? "instant" : "smooth" });
  };

  // one stop for the Tab key; the arrow keys move from there
  const stopAt = (box) => {
    picture.stop?.element.setAttribute("tabindex", "-1");
    picture.stop?.element.setAttribute("aria-selected", "false");
    picture.stop = box;
    box.element.setAttribute("tabindex", "0");
  };

  function choose(n, { focus = false } = {}) {
    if (!picture.boxes.has(n)) showOnlyRoles(false);
    pinned = n;
    pointed = null;
    const box = picture.boxes.get(n);
    stopAt(box);
    box.element.setAttribute("aria-selected", "true");
    show();
    if (focus) box.element.focus({ preventScroll: true });
    reveal([box.element], 24);
  }

  function clear() {
    pinned = null;
    pointed = null;
    picture.stop?.element.setAttribute("aria-selected", "false");
    describe(null);
    show();
  }

  // -- the steps

  const stateOf = (each) => {
    const [first, last] = each[mode];
    return step === 0 ? "" : step < first ? "later" : step > last ? "done" : "now";
  };

  const sign = (element, state) => {
    let found = element.querySelector(".sign");
    if (!found) {
      const width = element.querySelector("rect").width.baseVal.value;
      found = draw("g", { class: "sign", transform: `translate(${width - 3} 3)` }, draw("circle", { r: 8.5 }), draw("path", {}));
      element.append(found);
    }
    found.lastChild.setAttribute("d", SIGNS[state === "done" && mode === "teardown" ? "deleted" : state]);
  };

  const paint = () => {
    graph.classList.toggle("creation", mode === "creation");
    graph.classList.toggle("teardown", mode === "teardown");
    for (const { n, element } of picture.boxes.values()) {
      const state = stateOf(resources[n]);
      const painted = `${mode} ${state}`;
      if (element.painted === painted) continue;
      element.painted = painted;
      element.dataset.state = state;
      if (state === "done" || state === "now") sign(element, state);
    }
  };

  const describeStep = () => {
    const steps = order.steps[mode];
    const name = mode === "creation" ? "Creation" : "Deletion";
    if (step === 0) {
      byId("now").replaceChildren(make("b", { textContent: `${name}: ${steps.length} steps` }),
        ` in the order of ${mode === "creation" ? "deployment" : "deletion"}, one stack at a time.`);
      return;
    }
    const { stack, step: number, of, resources: members } = steps[step - 1];
    const names = members.slice(0, 6).map((n) => resources[n].name);
    if (members.length > names.length) names.push(`${members.length - names.length} more`);
    byId("now").replaceChildren(make("b", { textContent: `${name}, step ${step} of ${steps.length} (${stack}, step ${number} of ${of}): ` }), names.join(", "));
  };

  const go = (to) => {
    const steps = order.steps[mode];
    step = Math.max(0, Math.min(steps.length, to));
    slider.max = steps.length;
    slider.value = step;
    paint();
    describeStep();
    slider.setAttribute("aria-valuetext", byId("now").textContent);
    byId("previous").disabled = step === 0;
    byId("next").disabled = step === steps.length;
    if (step === steps.length) pause();
    const boxes = step === 0 ? [] : steps[step - 1].resources.map((n) => picture.boxes.get(n)).filter(Boolean);
    if (boxes.length) reveal(boxes.map((box) => box.element), 40);
  };

  const pause = () => {
    clearInterval(timer);
    timer = null;
    byId("play").textContent = "Play";
  };

  const play = () => {
    if (timer !== null) return pause();
    if (step === order.steps[mode].length) go(0);
    byId("play").textContent = "Pause";
    go(step + 1);
    if (step < order.steps[mode].length) timer = setInterval(() => go(step + 1), 1400);
    else pause();
  };

  // -- what is shown

  // A picture that is a little too wide becomes smaller, so that all steps are visible. Its text of
  // 12 pixels never becomes smaller than 10; a wider picture has its full size, and scrolls.
  const SMALLEST = 10 / 12;

  const fit = () => {
    const { frame, drawings } = picture;
    const style = getComputedStyle(frame);
    for (const { element, width, height } of drawings) {
      const lane = element.parentElement;
      const around = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight)
        + parseFloat(getComputedStyle(lane).marginLeft) + 2;
      const scale = Math.min(1, (graph.clientWidth - around) / width);
      const used = scale < SMALLEST ? 1 : scale;
      element.setAttribute("width", width * used);
      element.setAttribute("height", height * used);
    }
  };

  function showOnlyRoles(only) {
    highlight(null);
    byId("only-roles").checked = only;
    picture = pictures[only ? 1 : 0];
    pictures.forEach((each) => { each.frame.hidden = each !== picture; });
    fit();
    graph.scrollTo({ left: 0, top: 0, behavior: "instant" });
    if (pinned !== null && picture.boxes.has(pinned)) stopAt(picture.boxes.get(pinned));
    else clear();
    paint();
    show();
  }

  const search = () => {
    const wanted = byId("search").value.trim().toLowerCase();
    byId("found").hidden = wanted === "";
    if (wanted === "") return;
    const found = [];
    resources.forEach((each, n) => {
      const words = [each.path ?? "", each.name, each.logicalId, each.type, ...each.marks];
      if (words.some((word) => word.toLowerCase().includes(wanted))) found.push(n);
    });
    const some = found.slice(0, 30);
    byId("found").querySelector("p").textContent = found.length === 0 ? "No resource matches this text."
      : `${found.length} found${found.length > some.length ? `, the first ${some.length}:` : ""}`;
    byId("found").querySelector("ul").replaceChildren(...some.map((n) =>
      make("li", {}, make("button", { type: "button", onclick: () => { endSearch(); choose(n, { focus: true }); } },
        resources[n].name, make("small", { textContent: `${resources[n].type} in ${resources[n].stack}` })))));
  };

  const endSearch = () => {
    byId("search").value = "";
    byId("found").hidden = true;
  };

  // -- the keyboard

  const nearest = (box, others) => others.reduce((best, other) =>
    (best === null || Math.abs(other.y - box.y) < Math.abs(best.y - box.y) ? other : best), null);

  const beside = (box, key) => {
    const boxes = [...picture.boxes.values()];
    if (key === "Home" || key === "End") return boxes.at(key === "Home" ? 0 : -1);
    if (key === "ArrowUp" || key === "ArrowDown") {
      const column = boxes.filter((each) => each.step === box.step).sort((a, b) => a.row - b.row || a.y - b.y);
      return column[column.indexOf(box) + (key === "ArrowUp" ? -1 : 1)] ?? null;
    }
    const back = key === "ArrowLeft";
    const linked = picture.arrows.filter(({ from, to }) => (back ? from : to) === box.n)
      .map(({ from, to }) => picture.boxes.get(back ? to : from));
    return nearest(box, linked);
  };

  const boxOf = (target) => {
    const element = target instanceof Element ? target.closest(".box") : null;
    return element ? picture.boxes.get(Number(element.dataset.n)) : null;
  };

  graph.addEventListener("keydown", (event) => {
    const box = boxOf(event.target);
    if (!box || !["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    const next = beside(box, event.key);
    if (next) choose(next.n, { focus: true });
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const control = event.target instanceof Element && event.target.closest("button, input, summary");
    if (event.key === "Escape") {
      endSearch();
      clear();
    } else if (event.key === " " && !(control && control.type !== "range")) {
      event.preventDefault();
      play();
    }
  });

  // -- mouse, finger and focus

  // a resource that scrolls under a mouse that does not move is not pointed at
  let place = "";
  graph.addEventListener("pointermove", (event) => {
    const moved = `${event.screenX} ${event.screenY}`;
    if (event.pointerType !== "mouse" || moved === place) return;
    place = moved;
    const n = boxOf(event.target)?.n ?? null;
    if (n === pointed) return;
    pointed = n;
    show();
  });
  graph.addEventListener("pointerleave", () => { pointed = null; show(); });
  graph.addEventListener("click", (event) => {
    const box = boxOf(event.target);
    if (box) choose(box.n, { focus: true });
    else clear();
  });
  graph.addEventListener("focusin", (event) => {
    const box = boxOf(event.target);
    // a finger or a mouse selects by its click: to scroll before would make the click miss
    if (box && box.n !== pinned && box.element.matches(":focus-visible")) choose(box.n);
  });

  byId("previous").addEventListener("click", () => { pause(); go(step - 1); });
  byId("next").addEventListener("click", () => { pause(); go(step + 1); });
  byId("play").addEventListener("click", play);
  slider.addEventListener("input", () => { pause(); go(Number(slider.value)); });
  byId("only-roles").addEventListener("change", (event) => showOnlyRoles(event.target.checked));
  byId("search").addEventListener("input", search);
  byId("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") byId("found").querySelector("button")?.click();
  });
  for (const each of document.querySelectorAll("input[name=mode]")) {
    each.addEventListener("change", () => { pause(); mode = each.value; go(0); });
  }

  // A picture becomes a list box, so that screen readers can use it.
  for (const { frame, boxes } of pictures) {
    frame.classList.add("live");
    frame.setAttribute("role", "listbox");
    frame.setAttribute("aria-label", "Resources by stack and step");
    for (const lane of frame.querySelectorAll(".lane")) {
      lane.setAttribute("role", "group");
      lane.setAttribute("aria-label", lane.dataset.stack);
    }
    for (const { n, element, step: number } of boxes.values()) {
      const each = resources[n];
      element.setAttribute("role", "option");
      element.setAttribute("tabindex", "-1");
      element.setAttribute("aria-label", [each.name, ...each.marks, each.type, `step ${number}`].join(", "));
      element.querySelector("title").remove(); // the panel shows it
    }
    boxes.values().next().value?.element.setAttribute("tabindex", "0");
  }
  for (const each of pictures) each.stop = each.boxes.values().next().value ?? null;
  byId("controls").hidden = false;
  byId("now").hidden = false;
  panel.hidden = false;
  describe(null);
  showOnlyRoles(order.onlyRoles);
  go(0);
  addEventListener("resize", fit);
})();
