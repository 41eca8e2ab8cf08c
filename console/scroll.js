// A long list of which a hundred rows or so are there. What is on the screen stays where it is while
// rows come and go above and below it: the topmost visible row is the anchor, and the room above the
// rows gives way. That room is an estimate; it is set right when nobody scrolls.
import { Component, html } from "/lib/preact.js";

const OVER = 900; // px of rows beyond the screen, each way
const MOST = 40; // rows of them, at most
const GUESS = 120; // px: so high is a row taken to be until some were measured
const STILL = 150; // ms without scrolling, where the browser does not tell when it has ended
const ENDS = "onscrollend" in window;

// props: rows (count, at(i), want(from, to)), row(entry, i), between(list): what is drawn beside the
// rows, label, moved(atEnd).
export class Scroll extends Component {
  from = 0; to = 0; top = 0; ends = true; // ends: the newest is looked at, and what comes next
  heights = new Map(); sum = 0; goal = null; set = -1; still = 0;

  get guess() { return this.heights.size ? this.sum / this.heights.size : GUESS; }

  measure() {
    for (const li of this.list.children) {
      const i = Number(li.dataset.number), h = li.getBoundingClientRect().height, old = this.heights.get(i);
      if (li.dataset.entry === undefined || old === h) continue;
      this.sum += h - (old ?? 0);
      this.heights.set(i, h);
    }
  }

  // The topmost row on the screen that is known, and how far from its upper edge.
  anchor() {
    const box = this.box.getBoundingClientRect();
    let found = null;
    for (const li of this.list?.children ?? []) {
      const r = li.getBoundingClientRect(), { entry, number } = li.dataset;
      if (r.bottom <= box.top + 1) continue;
      if (r.top >= box.bottom && found) break;
      found ??= { number: Number(number), y: r.top - box.top };
      if (entry !== undefined) return { entry, number: Number(number), y: r.top - box.top };
    }
    return found;
  }

  rowOf(anchor) {
    const named = anchor.entry && [...this.list.children].find((li) => li.dataset.entry === anchor.entry);
    return named || this.list.querySelector(`[data-number="${anchor.number}"]`);
  }

  // The rows to have for what the scroller shows now; false: those that are there will do.
  choose() {
    const { count } = this.props.rows, at = this.box.scrollTop, high = this.box.clientHeight, guess = this.guess;
    const over = Math.min(MOST, Math.ceil(OVER / guess)), shown = Math.min(60, Math.ceil(high / guess) + 1);
    const edge = this.box.getBoundingClientRect().top - at;
    const rows = [...(this.list?.children ?? [])].map((li) => { const r = li.getBoundingClientRect(); return [Number(li.dataset.number), r.top - edge, r.height]; });
    let first = rows.find(([, y, h]) => y + h > at && y <= at + high)?.[0], last = rows.findLast(([, y]) => y < at + high)?.[0];
    let jump = null;
    if (first === undefined) { // beyond them: about there
      const end = rows.length ? rows.at(-1)[1] + rows.at(-1)[2] : 0;
      if (rows.length && at >= end) first = this.to + Math.floor((at - end) / guess);
      else if (rows.length && this.top > 0 && this.from > 0) first = Math.floor(this.from * Math.max(0, at) / this.top);
      else first = Math.floor(at / guess);
      first = Math.max(0, Math.min(first, count - 1));
      last = first + shown;
      jump = { number: first, y: 0 };
    }
    const from = Math.max(0, first - over), to = Math.min(count, Math.max(last ?? 0, first) + over + 1);
    // A few rows more or less are not worth the work.
    const slack = over >> 1;
    const needed = from < this.from - slack || to > this.to + slack || (from < this.from && first - this.from < slack) || (to > this.to && this.to - last < slack) || to - from + 2 * over < this.to - this.from;
    return { from, to, jump, needed: needed || jump !== null };
  }

  move = () => {
    this.still = performance.now() + STILL;
    clearTimeout(this.timer);
    if (!ENDS) this.timer = setTimeout(() => this.rest(), STILL + 10);
    if (Math.abs(this.box.scrollTop - this.set) > 2) this.goal = null; // somebody scrolls on
    this.follow(this.box.scrollTop + this.box.clientHeight > this.box.scrollHeight - 3 && this.to >= this.props.rows.count);
    const next = this.choose();
    if (next.needed) this.put(next.from, next.to, next.jump);
  };

  follow(ends) {
    if (ends !== this.ends) this.props.moved(ends);
    this.ends = ends;
  }

  scrollTo(y) {
    this.box.scrollTop = y;
    this.set = this.box.scrollTop;
  }

  put(from, to, goal) {
    if (goal) { // the old rows are nowhere near: room for those before the new ones is guessed
      this.top = Math.max(0, this.box.scrollTop + goal.y - (goal.number - from) * this.guess);
      if (from === 0) this.top = 0;
    }
    this.goal = goal;
    this.from = from, this.to = to;
    this.props.rows.want(from, to);
    this.setState({});
  }

  // The room above: how high the rows that it stands for are taken to be.
  rest = () => {
    if (!this.box || (!ENDS && performance.now() < this.still - 1)) return;
    const right = this.from === 0 ? 0 : this.from * this.guess, off = right - this.top;
    const enough = this.from > 0 && this.top > this.box.clientHeight && Math.abs(off) < this.box.clientHeight;
    if (Math.abs(off) < 1 || enough || this.ends) return;
    this.shift(right);
  };

  // The rows stay where they are on the screen when their room is `top`; if it cannot be, the scroller
  // moves with them: none is left above the first row, and there must be some above the others.
  hold(top) {
    const short = this.from > 0 ? top < 0 : top < 0 || top > this.box.scrollTop;
    if (!short) { this.make(top); return; }
    const right = this.from * this.guess, y = this.box.scrollTop + right - top;
    this.make(right);
    this.scrollTo(y);
  }

  shift(top) {
    const y = this.box.scrollTop + top - this.top; // before: a shorter list cuts it off
    this.make(top);
    this.scrollTo(y);
  }

  make(top) {
    this.top = top;
    this.before.style.height = `${top}px`;
    this.after.style.height = `${this.room()}px`;
  }

  room() { return Math.max(0, (this.props.rows.count ?? 0) - this.to) * this.guess; }

  // To a row, by its number; its place on the screen is the middle, or where its text begins.
  show(number) {
    const over = Math.min(MOST, Math.ceil(OVER / this.guess)), { count } = this.props.rows;
    this.follow(false);
    this.put(Math.max(0, number - over), Math.min(count, number + over + 8), { number, y: this.box.clientHeight / 3, goes: true });
  }

  end() {
    const { count } = this.props.rows, over = Math.min(MOST, Math.ceil(OVER / this.guess)), shown = Math.ceil(this.box.clientHeight / this.guess);
    this.follow(true);
    this.goal = null;
    this.top = Math.max(0, count - shown - over) * this.guess;
    this.put(Math.max(0, count - shown - over), count, null);
  }

  // Over thousands of rows there is nothing to be seen on the way.
  key = (e) => {
    if (!["Home", "End"].includes(e.key) || e.ctrlKey || e.altKey || e.metaKey || e.target.closest("input, textarea, select")) return;
    e.preventDefault();
    if (e.key === "End") this.end();
    else { this.follow(false); this.top = 0; this.scrollTo(0); this.put(0, Math.min(this.props.rows.count, MOST), null); }
  };

  // Another list (a filter, a search): from its end.
  anew() {
    this.heights.clear();
    this.sum = 0, this.from = this.to = 0, this.top = 0, this.ends = true, this.goal = null;
  }

  getSnapshotBeforeUpdate() { return this.goal || this.ends ? null : this.anchor(); }

  componentDidUpdate(props, state, held) {
    const { rows } = this.props;
    this.measure();
    if (this.ends) {
      if (this.to < rows.count || this.from > Math.max(0, rows.count - 4)) { this.end(); return; }
      this.make(this.from * this.guess);
      this.scrollTo(this.box.scrollHeight);
      const edge = this.box.getBoundingClientRect().top;
      if (this.from > 0 && this.list.getBoundingClientRect().top > edge - 100) { // too few for the screen
        this.put(Math.max(0, this.from - 20), this.to, null);
      }
      return;
    }
    const mark = this.goal ?? held, row = mark && this.rowOf(mark);
    if (row) {
      const off = row.getBoundingClientRect().top - this.box.getBoundingClientRect().top - mark.y;
      if (mark.goes) { // brought to the screen: the scroller moves, not the room
        if (this.from === 0) this.make(0);
        this.scrollTo(this.box.scrollTop + row.getBoundingClientRect().top - this.box.getBoundingClientRect().top - mark.y);
      } else {
        this.hold(this.top - off);
      }
    } else {
      this.make(this.top);
    }
    // What was looked for is there: from now on it is held where it is. (Until then its row is empty.)
    if (this.goal && row?.dataset.entry !== undefined) this.goal = null;
    const next = this.choose();
    if (next.needed && !next.jump) this.put(next.from, next.to, null);
  }

  componentDidMount() {
    this.sizes = new ResizeObserver(() => { this.heights.clear(); this.sum = 0; this.setState({}); });
    this.sizes.observe(this.box);
    this.componentDidUpdate();
  }

  componentWillUnmount() { this.sizes.disconnect(); clearTimeout(this.timer); }

  render() {
    const { rows, row, between, label } = this.props, list = [];
    const to = Math.min(this.to, rows.count ?? 0);
    for (let i = this.from; i < to; i++) list.push([i, rows.at(i)]);
    return html`<div class="scroller" ref=${(x) => { this.box = x; }} onScroll=${this.move} onscrollend=${this.rest} onKeyDown=${this.key} tabindex="0" role="region" aria-label=${label} data-count=${rows.count}>
      <div ref=${(x) => { this.before = x; }} class="room" style=${{ height: `${this.top}px` }}></div>
      <div class="record">
        ${between(list.map(([, e]) => e).filter(Boolean))}
        <ol ref=${(x) => { this.list = x; }}>${list.map(([i, e]) => e ? row(e, i) : html`<li key=${`n${i}`} class="entry absent" data-number=${i} style=${{ height: `${Math.round(this.guess)}px` }}></li>`)}</ol>
      </div>
      <div ref=${(x) => { this.after = x; }} class="room" style=${{ height: `${this.room()}px` }}></div>
    </div>`;
  }
}
