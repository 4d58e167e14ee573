// The playground in the page: its state, its controls, and the loop that lets all lanes learn side by side.

class Game {
  constructor(root) {
    this.root = root;
    this.about = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    this.opening = this.about.state;
    this.about.address = this.about.whole && document.body.dataset.jpThemeLight === undefined; // a notebook's address is its own
    this.state = { ...this.opening, ...(this.about.address ? readAddress(this.about) : {}) };
    this.speed = 4;
    this.inks = []; // what else is drawn in the page's ink
    this.build();
    this.restart();
  }

  part(name) {
    return this.root.querySelector(`[data-part="${name}"]`);
  }

  build() {
    const actions = {
      play: () => this.play(!this.playing), step: () => this.one("step"), epoch: () => this.one("epoch"), task: () => this.one("task"),
      restart: () => this.restart(), tour: () => new Tour(this).go(0), add: () => this.exchange(null, this.unused()),
      copy: () => navigator.clipboard && navigator.clipboard.writeText(codeOf(this)).then(() => (this.part("copied").textContent = "Copied.")),
    };
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-action]");
      event.stopPropagation(); // the book's other figures listen to all buttons
      if (button) actions[button.dataset.action]();
    });
    for (const name of ["input", "change"]) this.root.addEventListener(name, (event) => event.stopPropagation());
    this.part("speed").addEventListener("change", (event) => (this.speed = Number(event.target.value)));
    this.controls();
    const look = new MutationObserver(() => {
      for (const draw of this.inks) draw();
      this.shown();
    }); // light or dark
    for (const part of [document.documentElement, document.body]) look.observe(part, { attributeFilter: ["data-theme", "data-jp-theme-light"] });
    this.missions = missionsOf(this);
    if (this.part("missions")) this.part("missions").replaceChildren(...this.missions.map(({ item }) => item));
  }

  // A slider per setting, a box per switch.
  controls() {
    for (const input of this.root.querySelectorAll("[data-setting]")) {
      const name = input.dataset.setting, { values } = this.about.settings[name], output = input.nextElementSibling;
      const say = () => {
        output.textContent = values[input.value];
        input.setAttribute("aria-valuetext", values[input.value]);
      };
      input.value = values.indexOf(this.state[name]);
      input.addEventListener("input", () => {
        this.state[name] = values[input.value];
        say();
      });
      input.addEventListener("change", () => this.restart());
      say();
    }
    for (const box of this.root.querySelectorAll("[data-switch]")) {
      box.checked = this.state.broken.includes(box.dataset.switch);
      box.addEventListener("change", () => {
        this.state.broken = [...this.root.querySelectorAll("[data-switch]:checked")].map((one) => one.dataset.switch);
        this.restart();
      });
    }
  }

  // Everything from the start, with the settings as they are.
  restart() {
    this.rest();
    this.prepare();
    const { state } = this;
    this.turn = 0;
    if (!this.lanes || this.lanes.map(({ name }) => name).join() !== state.methods.join()) {
      this.lanes = state.methods.map((name) => new Lane(this, name));
      this.part("lanes").replaceChildren(...this.lanes.map(({ root }) => root));
    }
    for (const lane of this.lanes) lane.restart();
    for (const row of this.root.querySelectorAll("[data-for]")) row.hidden = row.dataset.for !== "" && !state.methods.includes(row.dataset.for);
    for (const lane of this.lanes) lane.away.hidden = this.lanes.length < 2 || !this.about.whole;
    const add = this.root.querySelector("[data-action=add]");
    if (add) add.hidden = this.lanes.length >= this.about.most.methods;
    if (this.part("tasks")) showTasks(this);
    this.tell();
    this.write();
  }

  // Points, setup and protocol, as the state says.
  prepare() {
    const { state } = this, on = (name) => state.broken.includes(name);
    this.tasks = tasksOf(state.tasks, state.seed);
    const { lam, prune, regularization, steepest, grow, start, seed } = state;
    this.setup = { lam, prune, regularization, steepest, grow, start, seed, fn: state.fn === "on", tasks: this.tasks.length, widths: [state.width, state.width] };
    this.broken = { bias: on("bias"), weight: on("weight"), norm: on("norm") };
    this.protocol = {
      ...{ epochs: state.epochs, batch: state.batch, lr: state.lr, seed, patience: state.epochs, factor: 3, least: 1e-4, clip: 10 },
      ...{ decay: on("decay") ? 0.01 : 0, momentum: on("momentum") ? 0.9 : 0, carry: on("momentum"), loose: on("decay") || on("momentum") },
    };
  }

  unused() {
    return Object.keys(this.about.methods).find((name) => !this.state.methods.includes(name));
  }

  // Another method in a lane, a lane less (null), or one more (no lane).
  exchange(lane, name) {
    const at = lane ? this.lanes.indexOf(lane) : this.lanes.length;
    this.state.methods = [...this.state.methods];
    this.state.methods.splice(at, 1, ...(name ? [name] : []));
    this.restart();
  }

  // The address, and the code that does the same.
  write() {
    const wanted = this.about.address && addressOf(this);
    if (wanted && (wanted.startsWith(PREFIX) || location.hash.startsWith(PREFIX))) history.replaceState(null, "", wanted);
    if (this.part("code")) this.part("code").textContent = codeOf(this);
  }

  get over() {
    return this.lanes.every((lane) => lane.done);
  }

  play(on) {
    if (on && this.over) this.restart();
    this.rest(on);
    if (on) this.wake();
    else this.shown();
  }

  rest(on = false) {
    this.playing = on;
    this.until = null;
    this.root.querySelector("[data-action=play]").textContent = on ? "❚❚ Pause" : "▶ Play";
  }

  // On until the next step, the end of this epoch, or that of this task.
  one(kind) {
    if (this.over) return;
    this.rest();
    this.until = kind;
    this.goals = new Map(this.lanes.map((lane) => [lane, kind === "epoch" ? lane.event.epoch + (lane.event.kind === "epoch") : null]));
    this.begin();
    if (kind === "step") {
      for (const lane of this.lanes) lane.advance(1);
      this.until = null;
      this.shown();
    } else this.wake();
  }

  // When all lanes have come to the end of a task, the next begins.
  begin() {
    if (this.lanes.every((lane) => lane.waiting || lane.done)) for (const lane of this.lanes) lane.go();
  }

  wake() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.root.isConnected && (this.playing || this.until)) this.slice();
    });
  }

  // A slice of work, so short that the page stays awake: some steps of every lane, and something of the picture.
  slice() {
    const begun = performance.now(), still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const enough = this.until === "task" || still ? Infinity : this.until ? 1 : this.speed || Infinity;
    let ends = false;
    for (let i = 0; i < enough && performance.now() - begun < (enough > 4 ? 24 : 12) && !ends; i++) {
      for (const lane of this.lanes) {
        if (lane.waiting || lane.done || (this.until === "epoch" && this.past(lane))) continue;
        lane.advance(1);
        this.steps = (this.steps || 0) + 1;
      }
      ends = this.lanes.every((lane) => lane.waiting || lane.done || (this.until === "epoch" && this.past(lane)));
    }
    this.turn++;
    if (ends) this.ended();
    else if (!still) for (const lane of this.lanes) lane.draw(false);
    if (ends || this.turn % 6 === 0) this.tell();
    if (this.playing || this.until) this.wake();
  }

  past(lane) {
    return lane.event.kind === "epoch" && lane.event.epoch >= this.goals.get(lane);
  }

  // All have come to the end of a task, or of an epoch.
  ended() {
    const over = this.over, waiting = this.lanes.every((lane) => lane.waiting || lane.done);
    if (this.until || over) this.rest();
    else if (waiting) this.begin();
    this.shown();
  }

  shown() {
    for (const lane of this.lanes) lane.draw(true);
    this.tell();
    for (const mission of this.missions) mission.look();
  }

  // Where the run is, in words; a screen reader hears of the ends of tasks.
  tell() {
    const lane = this.lanes.find(({ waiting, done }) => !waiting && !done) || this.lanes[0];
    const { t, epoch } = lane.event, count = this.tasks.length, { epochs } = this.protocol;
    const where = lane.done ? `All ${count} tasks are learned` : lane.waiting ? `Task ${t + 1} of ${count} is learned` : `Task ${t + 1} of ${count}, epoch ${epoch} of ${epochs}`;
    this.part("where").textContent = `${where}.`;
    if (lane.waiting || lane.done) {
      const heard = `${where}. ${this.lanes.map((one) => `${this.about.methods[one.name]}: ${one.rows.at(-1).map((a, s) => `task ${s + 1} ${percent(a)}`).join(", ")}. ${one.headline()} ${one.words()}`).join(" ")}`;
      if (this.part("heard").textContent !== heard) this.part("heard").textContent = heard;
    }
  }
}

// Each output of a notebook, and each page, may have several; the first script serves them all.
function start(root) {
  if (!root.game) root.game = new Game(root);
}

// A notebook's command mode takes keys for itself unless they are stopped before it sees them.
window.addEventListener("keydown", (event) => {
  const root = event.target.closest && event.target.closest(".tfm-playground");
  if (!root || !root.game) return;
  const canvas = event.target.closest("[data-editor]"), svg = event.target.closest("svg");
  const lane = svg && root.game.lanes.find((one) => one.svg === svg);
  const taken = event.ctrlKey || event.metaKey || event.altKey ? false : lane ? lane.key(event.key) : canvas ? root.game.editor.key(event.key) : false;
  if (taken) event.preventDefault();
  if (taken || /^(Arrow|Home|End|Page|Enter| |[a-z0-9]$)/.test(event.key)) event.stopPropagation();
}, true);
