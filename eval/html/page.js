"use strict";
// The theme's button, and the memory theatre. What is said in the dialogue goes in as text, never as markup.
(() => {
  const byId = (id) => document.getElementById(id);

  const THEMES = ["system", "light", "dark"];
  const showTheme = (theme) => {
    document.documentElement.dataset.theme = theme;
    byId("theme").textContent = `Theme: ${theme}`;
  };
  byId("theme").addEventListener("click", () => {
    const now = document.documentElement.dataset.theme || "system";
    showTheme(THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
  });

  if (!byId("stage")) return;

  const EVERY = 50; // Steps between two kept states of a memory.
  const MOST_ENTRIES = 400; // Entries that a pane shows at once.
  const BEFORE = 40, AFTER = 6; // Turns around the present ones that the dialogue shows.
  const SIGNS = { add: "+", update: "~", evicted: "×", refused: "⊘" };

  const read = (id) => JSON.parse(byId(id).textContent);
  // By kind of operation: the role that gives it its colour, its sign, and a sentence.
  const { streams: index, kinds: KINDS } = read("index");

  // An element with a class and children; strings become text.
  function make(tag, name, ...children) {
    const node = document.createElement(tag);
    if (name) node.className = name;
    node.append(...children.filter((child) => child !== null && child !== ""));
    return node;
  }
  function link(text, go, title) {
    const node = make("button", "link", text);
    node.type = "button";
    if (title) node.title = title;
    node.addEventListener("click", go);
    return node;
  }

  // An episode whose memory can be had at any step.
  class Episode {
    constructor(entry) {
      const { writes, entries, steps } = read(entry.block);
      this.writes = writes;
      this.name = entry.name;
      this.versions = entries.map(([id, kind, text, time, added, changed, sources, supports,
        links = [], tags = [], ended = null, replaces = []]) =>
        ({ id, kind, text, time, added, changed, sources, supports, links, tags, ended, replaces }));
      this.steps = steps;
      this.asked = new Map();
      this.kept = [];
      const memory = new Map();
      steps.forEach((step, number) => {
        if (number % EVERY === 0) this.kept.push(new Map(memory));
        this.apply(memory, step);
        for (const each of step.asked || []) this.asked.set(each.q, { ...each, step: number });
      });
    }
    apply(memory, step) {
      for (const op of step.ops || []) {
        for (const version of op.e || []) memory.delete(this.versions[version].id);
        if (op.s) continue;
        for (const [before, after] of [[op.b, op.a], ...(op.o || [])]) {
          if (before !== undefined && before !== null) memory.delete(this.versions[before].id);
          if (after !== undefined && after !== null) memory.set(this.versions[after].id, after);
        }
      }
    }
    // How many steps are over after so many turns.
    count(turns) {
      let low = 0, high = this.steps.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.steps[middle].end <= turns) low = middle + 1; else high = middle;
      }
      return low;
    }
    // The memory after the first `count` steps: id to version.
    memory(count) {
      const kept = Math.min(Math.floor(count / EVERY), this.kept.length - 1);
      const memory = new Map(this.kept[Math.max(kept, 0)]);
      for (let number = Math.max(kept, 0) * EVERY; number < count; number++) this.apply(memory, this.steps[number]);
      return memory;
    }
  }

  let stream = null; // The block of the stream.
  let episodes = []; // One or two.
  let panes = [];
  let axis = []; // After how many turns something was done, by any of the two.
  let place = 0; // On the axis.
  let question = null; // The one chosen, by its place in the stream.
  let culprit = null; // The operation or the decision to show: { side, step, op } or { side, step, decision }.

  const turnText = (turn) => `${stream.turns[turn][1]}: ${stream.turns[turn][2]}`;
  const isReport = (turn) => stream.turns[turn][4] !== undefined;
  const turnLink = (turn) => link(stream.turns[turn][0], () => goToTurn(turn), turnText(turn));
  const nowTurns = () => [place ? axis[place - 1] : 0, axis[place] || 0];
  const textOf = (version) => stream.texts[version.text];
  // What an adversary said, what was said against it, and which entries rest on the one.
  const isPoison = (turn) => (stream.poison?.turns || []).includes(turn);
  const isCorrection = (turn) => (stream.poison?.corrections || []).includes(turn);
  const restsOnPoison = (version) => version.sources.some(isPoison);
  const poisonSign = () => {
    const sign = make("span", "poison", `☠ ${stream.poison.by}`);
    sign.title = "Said by the adversary";
    return sign;
  };

  // Words of two texts as a list of [sign, words]; texts too long for that as a whole.
  function difference(before, after) {
    const [a, b] = [before, after].map((text) => text.match(/\S+\s*/g) || []);
    const same = (i, j) => a[i].trimEnd() === b[j].trimEnd();
    if (a.length * b.length > 400000) return [["-", before], [" ", " "], ["+", after]];
    const best = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        best[i][j] = same(i, j) ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
    const parts = [];
    const push = (sign, word) => {
      const last = parts[parts.length - 1];
      if (last && last[0] === sign) last[1] += word; else parts.push([sign, word]);
    };
    let i = 0, j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && same(i, j)) { push(" ", a[i++]); j++; }
      else if (i < a.length && (j === b.length || best[i + 1][j] >= best[i][j + 1])) push("-", a[i++]);
      else push("+", b[j++]);
    }
    return parts;
  }
  function differenceNode(before, after) {
    const node = make("span", "text");
    for (const [sign, words] of difference(before, after))
      node.append(sign === " " ? words : make(sign === "+" ? "ins" : "del", "", words));
    return node;
  }

  // What became of an entry; `before` and `after` are versions, one of them may be missing.
  function changeNodes(before, after) {
    const entry = after || before, nodes = [];
    const isSame = before && after && before.text === after.text;
    if (isSame) nodes.push(make("span", "text", textOf(after)));
    else if (before && after) nodes.push(differenceNode(textOf(before), textOf(after)));
    else if (entry) nodes.push(make("span", "text", textOf(entry)));
    const old = before ? before.links : [], now = after ? after.links : old;
    const made = now.filter((id) => !old.includes(id)), cut = old.filter((id) => !now.includes(id));
    const isRetagged = isSame && before.tags.join("\n") !== after.tags.join("\n");
    const hasEnded = after && after.ended !== null && (!before || before.ended === null);
    if (isSame && !made.length && !cut.length && !isRetagged && !hasEnded)
      nodes.push(make("small", "", " text as it was"));
    if (entry) nodes.push(make("small", "", ` #${entry.id}${entry.kind ? ` ${entry.kind}` : ""}`));
    if (made.length) nodes.push(make("small", "links", ` now linked to ${made.map((id) => `#${id}`).join(" ")}`));
    if (cut.length) nodes.push(make("small", "links", ` no longer linked to ${cut.map((id) => `#${id}`).join(" ")}`));
    if (isRetagged) nodes.push(make("small", "", ` now tagged ${after.tags.join(", ") || "with nothing"}`));
    if (hasEnded) nodes.push(make("small", "", " invalidated: kept, and found by no retriever"));
    return nodes;
  }

  // An option of a decision; that of an entry is in the words of the entry, as `memory` has it.
  function optionNodes([name, words, entry], episode, memory) {
    const version = entry === null ? undefined : memory.get(entry);
    const text = words || (version === undefined ? "" : textOf(episode.versions[version]));
    const parts = [name && make("b", "", name), entry === null ? "" : make("small", "", `#${entry}`), text].filter((part) => part);
    return parts.flatMap((part, at) => at ? [" ", part] : [part]);
  }
  // A decision of a memory design; `memory` is the one that it was made on.
  function decisionNode({ k, on, t, r, o = [], of }, episode, memory, isCulprit) {
    const node = make("div", "decision", make("span", "kind", `◆ ${k}`), make("span", "text", ...optionNodes(t, episode, memory)),
      make("small", "", ` of ${of}`));
    if (r) node.append(make("span", "from rule", "the rule takes ", ...optionNodes(r, episode, memory)));
    if (typeof on === "number") node.append(make("span", "from", "on ", turnLink(on)));
    else if (on) node.append(make("span", "from", `on ${on}`));
    if (t[3] !== null)
      for (const option of [t, ...(r ? [r] : []), ...o].sort((a, b) => b[3] - a[3]))
        node.append(likelihood(optionNodes(option, episode, memory), option[3], option === t));
    if (isCulprit) {
      node.classList.add("culprit");
      node.tabIndex = -1;
    }
    return node;
  }
  function likelihood(what, probability, isTaken) {
    const bar = make("i");
    bar.style.width = `${100 * probability}%`;
    return make("div", isTaken ? "choice taken" : "choice", make("span", "", isTaken ? "● " : "", ...what),
      make("span", "", bar), make("span", "", `${(100 * probability).toFixed(1)} %`));
  }

  // One side: what the policy did at the present step, and its memory.
  class Pane {
    constructor(side, episode) {
      this.side = side;
      this.episode = episode;
      this.body = byId(`${side}-body`);
      this.list = make("div", "list");
      this.ops = make("div", "ops");
      this.note = make("p", "more");
      this.shown = new Map(); // Id to { version, node }.
      this.all = false;
      this.reading = false; // Whether what the policy wrote is unfolded.
      this.body.replaceChildren(this.ops, this.list, this.note);
    }
    show() {
      const { episode } = this;
      const [from, to] = nowTurns();
      const count = episode.count(to), first = episode.count(from);
      const memory = episode.memory(count);
      const step = episode.steps[count - 1];
      const size = make("small", "", episode.writes ? `${memory.size} entries` : `ranks ${step ? step.n : 0} candidates`);
      if (episode.writes && step && step.tokens) size.append(`, ${step.tokens.toLocaleString("en")} tokens`);
      byId(`${this.side}-name`).replaceChildren(episode.name, size);
      this.showOps(first, count);
      this.showMemory(memory, first, count);
    }
    showOps(first, count) {
      const nodes = [];
      for (let number = first; number < count; number++) {
        const step = this.episode.steps[number];
        const decided = this.decisions(number), ops = step.ops || [];
        ops.forEach((op, at) => nodes.push(...decided(at), ...this.opNodes(op, number, at)));
        nodes.push(...decided(Infinity));
        if (this.episode.writes && !step.ops) nodes.push(make("p", "more", "Nothing was written at this step."));
        if (step.p) nodes.push(make("h4", "", "What the policy thought of its choices"), ...step.p.map((each) => this.choice(each)));
        if (step.c) nodes.push(this.completion(step.c));
      }
      if (first === count && this.episode.writes && axis.length)
        nodes.push(make("p", "more", "In the middle of a chunk: this policy decides at its end."));
      this.ops.hidden = !nodes.length;
      this.ops.replaceChildren(...nodes);
    }
    // Gives the decisions of a step before each of its operations, in the order of these.
    decisions(number) {
      const { episode, side } = this, waiting = [...(episode.steps[number].d || []).entries()];
      const memory = waiting.length ? episode.memory(number) : null;
      return (at) => {
        const nodes = [];
        while (waiting.length && (waiting[0][1].n || 0) <= at) {
          const [place, made] = waiting.shift();
          const isCulprit = culprit && culprit.side === side && culprit.step === number && culprit.decision === place;
          nodes.push(decisionNode(made, episode, memory, isCulprit));
        }
        return nodes;
      };
    }
    completion(text) {
      const summary = make("summary", "", "What the model wrote");
      const node = make("details", "written", summary, make("pre", "", text));
      node.open = this.reading;
      // Not on "toggle", which comes later than a key that is pressed at once; a click unfolds after this.
      summary.addEventListener("click", () => { this.reading = !node.open; });
      return node;
    }
    opNodes(op, number, at) {
      const { versions } = this.episode;
      const [role, sign, sentence] = KINDS[op.k];
      const label = make("span", "kind", `${op.s ? SIGNS.refused : sign} ${op.k}`);
      label.title = sentence;
      const node = make("div", `op ${op.s ? "refused" : role}`, label);
      const before = op.b === undefined ? null : versions[op.b], after = op.a === undefined ? null : versions[op.a];
      const entry = after || before;
      if (op.s) {
        node.append(`${op.s.replaceAll("_", " ")}${op.why ? `: ${op.why}` : ""}`);
        if (entry) node.append(make("small", "", ` #${entry.id}${entry.kind ? ` ${entry.kind}` : ""}`));
      } else node.append(...changeNodes(before, after));
      if (entry && restsOnPoison(entry)) node.append(" ", poisonSign());
      const said = entry && (after ? op.f || after.sources : before.sources);
      const sources = said && said.length ? said : op.f || [];
      for (const turn of sources.slice(0, 4)) node.append(this.source(turn, entry));
      if (sources.length > 4) node.append(make("small", "from", `and ${sources.length - 4} more turns`));
      if (culprit && culprit.side === this.side && culprit.step === number && culprit.decision === undefined
          && (culprit.op ?? 0) === at) {
        node.classList.add("culprit");
        node.tabIndex = -1;
      }
      const left = (op.e || []).map((version) => {
        const gone = versions[version];
        const out = make("div", "op evicted", make("span", "kind", `${SIGNS.evicted} evicted`),
          make("span", "text", textOf(gone)), make("small", "", ` #${gone.id}`));
        if (culprit && culprit.side === this.side && culprit.step === number && culprit.entry === gone.id) {
          out.classList.add("culprit");
          out.tabIndex = -1;
          node.classList.remove("culprit");
        }
        return out;
      });
      const others = (op.o || []).map(([from, to]) => make("div", `op ${to === null ? "delete" : role} other`,
        make("span", "kind", "and"), ...changeNodes(versions[from], versions[to])));
      return [node, ...others, ...left];
    }
    source(turn, entry) {
      // A turn that is the entry word for word is named, not repeated.
      // A report ends with what came of the task, which the turn does not have.
      const verbatim = entry && (textOf(entry) === turnText(turn) || isReport(turn) && textOf(entry).startsWith(turnText(turn)));
      return make("span", "from", "← ", turnLink(turn), verbatim ? "" : ` ${turnText(turn)}`);
    }
    choice([kind, entry, probability, taken]) {
      const what = entry === null ? kind : kind === "ADD" ? `ADD replacing #${entry}` : `${kind} #${entry}`;
      return likelihood([what], probability, taken);
    }
    showMemory(memory, first, count) {
      // What was written last stands first.
      const { versions } = this.episode;
      const ids = [...memory.keys()].sort((a, b) => versions[memory.get(b)].changed - versions[memory.get(a)].changed || b - a);
      const visible = this.all ? ids : ids.slice(0, MOST_ENTRIES);
      const keep = new Set(visible);
      for (const [id, { node }] of this.shown) if (!keep.has(id)) { node.remove(); this.shown.delete(id); }
      let next = this.list.firstChild;
      for (const id of visible) {
        const version = memory.get(id);
        let known = this.shown.get(id);
        if (!known || known.version !== version) {
          const node = this.entry(version);
          if (known) { if (next === known.node) next = node; known.node.replaceWith(node); }
          known = { version, node };
          this.shown.set(id, known);
        }
        if (known.node === next) next = next.nextSibling; else this.list.insertBefore(known.node, next);
        const { added, changed } = versions[version];
        const name = added >= first && added < count ? "add" : changed >= first && changed < count ? "update" : "";
        if (known.name !== name) {
          known.node.className = `entry ${name}`;
          known.node.firstChild.textContent = name ? `${SIGNS[name]} ` : "";
          known.name = name;
        }
      }
      this.note.replaceChildren();
      if (!memory.size) this.note.append(this.episode.writes ? "The memory is empty."
        : "A retriever writes nothing. What it found is shown below, with the question.");
      if (visible.length < ids.length)
        this.note.append(`${ids.length - visible.length} older entries are not shown. `,
          link("Show all", () => { this.all = true; this.show(); }));
    }
    entry(version) {
      const entry = this.episode.versions[version];
      const where = make("small", "", ` #${entry.id}${entry.kind ? ` ${entry.kind}` : ""} · `,
        link(`step ${entry.changed + 1}`, () => goToStep(this.side, entry.changed), "Go to the step that wrote it"));
      for (const turn of entry.sources.slice(0, 3)) where.append(" ", turnLink(turn));
      if (entry.sources.length > 3) where.append(` +${entry.sources.length - 3}`);
      if (entry.links.length) where.append(` · linked to ${entry.links.map((id) => `#${id}`).join(" ")}`);
      if (entry.replaces.length) where.append(` · replaces ${entry.replaces.map((id) => `#${id}`).join(" ")}`);
      if (entry.tags.length) where.append(` · tagged ${entry.tags.join(", ")}`);
      if (entry.ended !== null) where.append(" · invalidated at ",
        link(`step ${entry.ended + 1}`, () => goToStep(this.side, entry.ended), "Go to the step that invalidated it"));
      if (restsOnPoison(entry)) where.append(" · ", poisonSign());
      return make("div", "entry", make("span", "sign"), textOf(entry), where);
    }
  }

  const sessionName = (name) => /^\d+$/.test(name) ? `session ${name}` : name;
  function showDialogue(source) {
    const [from, to] = nowTurns();
    const low = Math.max(0, Math.min(from, source ?? from) - BEFORE), high = Math.min(stream.turns.length, to + AFTER);
    const sessions = new Map(stream.sessions);
    const nodes = low ? [make("p", "more", `${low} earlier turns`)] : [];
    for (let turn = low; turn < high; turn++) {
      const [id, speaker, text, time, task] = stream.turns[turn];
      if (sessions.has(turn) && stream.sessions.length > 1)
        nodes.push(make("p", "session", [sessionName(sessions.get(turn)), time].filter(Boolean).join(" · ")));
      const name = turn >= to ? "turn later" : turn >= from ? "turn now" : "turn";
      const node = make("p", turn === source ? `${name} source` : name, make("small", "", `${id} `), make("b", "", `${speaker}: `), text);
      if (isPoison(turn)) { node.classList.add("poisoned"); node.append(" ", poisonSign()); }
      if (isCorrection(turn)) node.append(make("small", "", " (correction)"));
      node.dataset.turn = turn;
      nodes.push(node);
      // What was answered differs between policies, and is not known before it is reported.
      if (task !== undefined && turn < to)
        for (const episode of episodes) {
          const asked = episode.asked.get(task);
          if (asked) nodes.push(make("p", `${name} outcome`, make("small", "", `${episode.name}: `), `${answerOf(asked)} · ${feedbackOn(task, asked)}`));
        }
    }
    if (high < stream.turns.length) nodes.push(make("p", "more", `${stream.turns.length - high} turns to come`));
    const body = byId("dialogue");
    body.replaceChildren(...nodes);
    const target = body.querySelector(source === undefined ? ".now" : ".source") || body.lastElementChild;
    if (target) body.scrollTop = target.offsetTop - body.clientHeight / 3;
  }

  const answerOf = (asked) => asked.answer === "" ? "(nothing)" : asked.answer ?? (asked.error ? `no answer: ${asked.error}` : "no answerer was asked");
  // What is said of a task once it was answered.
  function feedbackOn(number, asked) {
    const { given, false: isFalse } = stream.questions[number];
    const said = given ? `given as the right answer: ${given}` : asked.told ? `said to be ${asked.told}` : "nothing is said of it";
    return isFalse ? `${said} (false)` : said;
  }

  function mark(asked) {
    if (!asked) return make("span", "mark", "–");
    const score = asked.score === undefined ? "" : ` ${asked.score.toFixed(2)}`;
    if (asked.blame) return make("span", `mark ${asked.blame.by}`, `✕${score} ${asked.blame.by}`);
    return make("span", asked.score === undefined ? "mark" : "mark right", asked.score === undefined ? "not scored" : `✓${score}`);
  }

  function isShown(filter, number) {
    const asked = episodes.map((episode) => episode.asked.get(number));
    if (filter === "failed") return asked.some((each) => each && each.blame);
    if (filter === "differ") return asked.length > 1 && !!asked[0]?.blame !== !!asked[1]?.blame;
    if (filter === "asked") return stream.questions[number].due <= (axis[place] || 0);
    return true;
  }

  function showQuestions() {
    const turns = axis[place] || 0;
    const head = make("div", "question", make("small", "", "turn"), make("span", "", "question"),
      ...episodes.map((episode) => make("span", "mark", episode.name)));
    head.dataset.head = "";
    const nodes = [];
    stream.questions.map((_, number) => number)
      .filter((number) => isShown(byId("filter").value, number))
      .sort((a, b) => stream.questions[a].due - stream.questions[b].due || a - b)
      .forEach((number) => {
        const { text, due, category, lures } = stream.questions[number];
        const node = make("button", `question${due > turns ? " later" : ""}${number === question ? " chosen" : ""}`,
          make("small", "", String(due)), make("span", "", text, category ? make("small", "", ` ${category}`) : "",
            lures ? make("small", "", " ", poisonSign()) : ""),
          ...episodes.map((episode) => mark(episode.asked.get(number))));
        node.type = "button";
        node.dataset.question = number;
        if (number === question) node.setAttribute("aria-current", "true");
        node.addEventListener("click", () => choose(number));
        nodes.push(node);
      });
    byId("questions").replaceChildren(head, ...(nodes.length ? nodes : [make("p", "more", "No such question.")]));
  }

  // Only what depends on the step, so that scrubbing does not build the list again.
  function ageQuestions() {
    if (byId("filter").value === "asked") { showQuestions(); return; }
    const turns = axis[place] || 0;
    for (const node of byId("questions").querySelectorAll("button"))
      node.classList.toggle("later", stream.questions[node.dataset.question].due > turns);
  }

  function why({ blame, step, d = [] }, side, episode) {
    if (!blame) return ["Answered."];
    const turn = blame.turn === undefined ? null : turnLink(blame.turn);
    const nodes = [make("b", blame.by, blame.by)], { task } = stream.questions[question];
    if (blame.by === "use") nodes.push(task ? ": the right experience was handed over, and the solver did not use it."
      : ": all evidence was retrieved, and the answer was wrong.");
    if (blame.by === "unknown") nodes.push(task ? ": no experience is known to help." : ": the data names no evidence.");
    if (blame.by === "read") nodes.push(": ", turn, task ? " was stored and not handed over." : blame.rank === undefined ? " was stored and not found."
      : ` was stored and came at rank ${blame.rank}.`);
    if (blame.by === "write") {
      nodes.push(": ", turn || "the evidence", ` was ${blame.cause || "not in the memory"}`);
      if (blame.entry !== undefined) nodes.push(` (entry #${blame.entry})`);
      nodes.push(". ");
      if (blame.step !== undefined) {
        const go = link(`Go to step ${blame.step + 1}`, () => goToLoss(side, blame), "Where the evidence was lost");
        go.classList.add("loss");
        nodes.push(go);
      }
    }
    if (blame.d === undefined) return nodes;
    const isRead = blame.by === "read", at = isRead ? step : blame.step;
    const { k, t: [name, , , probability], r } = (isRead ? d : episode.steps[at].d)[blame.d];
    const go = link(k, () => isRead ? goToStep(side, at) : goToDecision(side, blame),
      isRead ? "Go to the step that asked" : "Where it was decided");
    go.classList.add("decided");
    if (isRead) go.classList.add("loss");
    nodes.push(" By the decision ", go, name && `: ${name}`);
    // What the rule made is the rule's anyway.
    nodes.push(r ? "; the rule would have decided otherwise." : probability !== null ? ", as the rule would have." : ".");
    return nodes.filter((node) => node);
  }

  function showAnswer() {
    const body = byId("answer");
    if (question === null) { body.replaceChildren(make("p", "more", "Choose a question to see what was retrieved, what was answered, and why it failed.")); return; }
    const asked = stream.questions[question];
    const answers = asked.unanswerable ? "(the dialogue does not say)" : asked.answers.join(" | ");
    const top = make("div", "asked", make("p", "", make("b", "", asked.text)), make("p", "", make("span", "label", "reference"), answers));
    if (asked.options) top.append(make("p", "", make("span", "label", "options"), asked.options.join(" · ")));
    for (const turn of asked.evidence || []) top.append(make("p", "", make("span", "label", asked.task ? "helped by" : "evidence"), turnLink(turn), ` ${turnText(turn)}`));
    if (asked.lures) top.append(make("p", "", make("span", "label", "the adversary wants"),
      asked.lures.length ? asked.lures.join(" | ") : "any wrong answer", " ", poisonSign()));
    const columns = panes.map(({ side, episode }) => {
      const found = episode.asked.get(question);
      const column = make("div", "answer", make("h4", "", episode.name));
      if (!found) { column.append(make("p", "more", "Not asked.")); return column; }
      column.append(make("p", "", make("span", "label", "answer"), answerOf(found), " ", mark(found)));
      if (asked.task) column.append(make("p", "", make("span", "label", "feedback"), feedbackOn(question, found)));
      if (found.judge !== undefined) column.append(make("p", "", make("span", "label", "judge"), found.judge.toFixed(2)));
      column.append(make("p", `verdict ${found.blame ? found.blame.by : ""}`, ...why(found, side, episode)));
      if (found.lured !== undefined) column.append(make("p", "attack", found.lured ? "The attack succeeded." : "The attack failed."));
      const hits = (found.hits || []).map(([version, score, evidence]) => {
        const entry = episode.versions[version];
        return make("li", evidence.length ? "hit evidence" : "hit", textOf(entry), make("small", "", ` #${entry.id} · ${score}`),
          restsOnPoison(entry) ? " " : "", restsOnPoison(entry) ? poisonSign() : "");
      });
      const [done, held] = asked.task ? ["handed over", "helps"] : ["retrieved", "holds evidence"];
      column.append(make("h4", "", hits.length ? `${done[0].toUpperCase()}${done.slice(1)}, best first; ★ ${held}` : `Nothing was ${done}.`));
      if (hits.length) column.append(make("ol", "", ...hits));
      if (found.d) {
        const memory = episode.memory(found.step + 1);
        column.append(make("h4", "", "What was decided while it was read for"),
          ...found.d.map((made, at) => decisionNode(made, episode, memory, found.blame?.by === "read" && found.blame.d === at)));
      }
      return column;
    });
    body.replaceChildren(top, make("div", "answers", ...columns));
    body.scrollTop = 0;
  }

  const SVG = "http://www.w3.org/2000/svg";
  function path(name, commands) {
    const node = document.createElementNS(SVG, "path");
    node.setAttribute("class", name);
    node.setAttribute("d", commands || "M0 0");
    return node;
  }
  // A strip per policy: what it did at each step above the line, its questions below.
  function showLanes() {
    const places = new Map(axis.map((turns, at) => [turns, at]));
    const last = Math.max(axis.length - 1, 1);
    byId("lanes").replaceChildren(...panes.map(({ episode }) => {
      const marks = { add: "", update: "", gone: "", right: "", failed: "" };
      for (const step of episode.steps) {
        const x = (1000 * places.get(step.end) / last).toFixed(1);
        for (const op of step.ops || []) {
          if (op.e) marks.gone += `M${x} 9v4`;
          if (op.s) continue;
          const [role] = KINDS[op.k];
          if (role === "add") marks.add += `M${x} 1v4`;
          if (role === "update") marks.update += `M${x} 5v4`;
          if (role === "delete") marks.gone += `M${x} 9v4`;
        }
        const failed = (step.asked || []).some((each) => each.blame);
        if (step.asked) marks[failed ? "failed" : "right"] += `M${x} 17v${failed ? 9 : 4}`;
      }
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("viewBox", "0 0 1000 26");
      svg.setAttribute("preserveAspectRatio", "none");
      svg.setAttribute("role", "img");
      svg.setAttribute("aria-label", `${episode.name}: writes, updates and losses at each step, and questions, failed and not`);
      svg.append(path("base", "M0 15H1000"), ...Object.entries(marks).map(([name, commands]) => path(name, commands)), path("here", ""));
      svg.addEventListener("click", (event) => {
        const box = svg.getBoundingClientRect();
        move(Math.round(last * (event.clientX - box.left) / box.width));
      });
      const lane = make("div", "lane", make("span", "", episode.name));
      lane.append(svg);
      return lane;
    }));
    alignLanes();
  }
  // The strips begin and end where the slider's thumb does.
  function alignLanes() {
    const slider = byId("slider").getBoundingClientRect(), box = byId("lanes").getBoundingClientRect();
    const thumb = 8, gap = 6;
    for (const label of document.querySelectorAll(".lane span")) label.style.width = `${Math.max(0, slider.left - box.left + thumb - gap)}px`;
    for (const svg of document.querySelectorAll(".lane svg")) svg.style.marginRight = `${Math.max(0, box.right - slider.right + thumb)}px`;
  }

  function show(source) {
    const [from, to] = nowTurns();
    const step = axis.length ? place + 1 : 0;
    const turns = to - from > 1 ? `turns ${from + 1}–${to}` : `turn ${to}`;
    const time = to ? stream.turns[to - 1][3] : "";
    byId("where").textContent = `step ${step} of ${axis.length} · ${turns} of ${stream.turns.length}${time ? ` · ${time}` : ""}`;
    byId("slider").value = place;
    byId("slider").setAttribute("aria-valuetext", `step ${step} of ${axis.length}`);
    for (const pane of panes) pane.show();
    showDialogue(source);
    ageQuestions();
    const x = 1000 * place / Math.max(axis.length - 1, 1);
    for (const here of document.querySelectorAll(".lane .here")) here.setAttribute("d", `M${x} 0v26`);
  }

  function move(to, source) {
    place = Math.max(0, Math.min(axis.length - 1, to));
    show(source);
  }
  // The place at which so many turns are shown.
  const placeOf = (turns) => { const at = axis.findIndex((end) => end >= turns); return at < 0 ? axis.length - 1 : at; };
  function goToTurn(turn) {
    culprit = null;
    if (turn < (axis[place] || 0)) showDialogue(turn); else move(placeOf(turn + 1), turn);
  }
  function goToStep(side, number) {
    const { episode } = panes.find((pane) => pane.side === side);
    culprit = null;
    move(placeOf(episode.steps[number].end));
  }
  function goToLoss(side, blame) {
    if (blame.op === undefined && blame.d !== undefined) goToDecision(side, blame);
    else goToCulprit({ side, step: blame.step, op: blame.op, entry: blame.entry });
  }
  const goToDecision = (side, blame) => goToCulprit({ side, step: blame.step, decision: blame.d });
  function goToCulprit(wanted) {
    const pane = panes.find((each) => each.side === wanted.side);
    culprit = wanted;
    move(placeOf(pane.episode.steps[wanted.step].end));
    const node = pane.body.querySelector(".culprit");
    byId("stage").scrollIntoView();
    if (node) { node.scrollIntoView({ block: "nearest" }); node.focus({ preventScroll: true }); }
    else pane.body.focus({ preventScroll: true });
  }
  function choose(number) {
    question = number;
    culprit = null;
    for (const node of byId("questions").querySelectorAll("button")) {
      const chosen = Number(node.dataset.question) === number;
      node.classList.toggle("chosen", chosen);
      if (chosen) { node.setAttribute("aria-current", "true"); node.scrollIntoView({ block: "nearest" }); }
      else node.removeAttribute("aria-current");
    }
    showAnswer();
  }
  // The next failed question of the first policy, in the order in which they are asked.
  function nextFailed(by) {
    const rows = [...byId("questions").querySelectorAll("button")].map((node) => Number(node.dataset.question))
      .filter((number) => episodes[0].asked.get(number)?.blame);
    if (!rows.length) return;
    const at = rows.indexOf(question);
    choose(rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : (at + by + rows.length) % rows.length]);
  }

  function fill(select, names, chosen) {
    select.replaceChildren(...names.map((name, value) => {
      const node = make("option", "", name);
      node.value = value;
      return node;
    }));
    select.value = chosen;
  }

  function setPolicies() {
    const { episodes: known } = index[byId("stream").value];
    const chosen = [byId("left").value, byId("right").value - 1].map((at) => known[at]).filter(Boolean);
    episodes = chosen.map((entry) => new Episode(entry));
    panes = episodes.map((episode, at) => new Pane(at ? "right" : "left", episode));
    byId("right-pane").hidden = episodes.length < 2;
    for (const node of document.querySelectorAll(".panes, .questions")) node.classList.toggle("two", episodes.length > 1);
    const turns = axis[place];
    axis = [...new Set(episodes.flatMap((episode) => episode.steps.map((step) => step.end)))].sort((a, b) => a - b);
    byId("slider").max = Math.max(axis.length - 1, 0);
    culprit = null;
    showLanes();
    showQuestions();
    showAnswer();
    move(turns === undefined ? 0 : placeOf(turns));
  }

  function setStream() {
    const entry = index[byId("stream").value];
    const names = entry.episodes.map(({ name, failed, asked }) => `${name} (${failed} of ${asked} failed)`);
    const before = [byId("left"), byId("right")].map((select) => select.selectedOptions[0]?.textContent.replace(/ \(\d+ of.*$/, ""));
    const again = before.map((name) => entry.episodes.findIndex((each) => each.name === name));
    fill(byId("left"), names, Math.max(again[0], 0));
    fill(byId("right"), ["nothing", ...names], again[1] >= 0 ? again[1] + 1 : before[1] === "nothing" || names.length < 2 ? 0 : 2);
    stream = read(entry.block);
    axis = [];
    place = 0;
    question = null;
    setPolicies();
  }

  let timer = null;
  function play(on) {
    clearInterval(timer);
    timer = on ? setInterval(() => { if (place + 1 < axis.length) move(place + 1); else play(false); }, 500) : null;
    byId("play").textContent = on ? "Pause" : "Play";
    byId("play").setAttribute("aria-pressed", String(on));
  }

  const KEYS = {
    ArrowLeft: (event) => move(place - (event.shiftKey ? 10 : 1)), ArrowRight: (event) => move(place + (event.shiftKey ? 10 : 1)),
    Home: () => move(0), End: () => move(axis.length - 1), n: () => nextFailed(1), p: () => nextFailed(-1),
    l: () => document.querySelector("#answer .loss")?.click(),
  };
  byId("theatre").addEventListener("keydown", (event) => {
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    event.preventDefault();
    act(event);
  });
  byId("slider").addEventListener("input", (event) => { culprit = null; move(Number(event.target.value)); });
  byId("back").addEventListener("click", () => move(place - 1));
  byId("forth").addEventListener("click", () => move(place + 1));
  byId("play").addEventListener("click", () => play(timer === null));
  byId("stream").addEventListener("change", setStream);
  byId("left").addEventListener("change", setPolicies);
  byId("right").addEventListener("change", setPolicies);
  byId("filter").addEventListener("change", showQuestions);
  addEventListener("resize", alignLanes);

  byId("stage").hidden = false;
  fill(byId("stream"), index.map(({ label }) => label), 0);
  setStream();
})();
