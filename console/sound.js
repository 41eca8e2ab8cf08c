// A call is heard. A browser may hold sound back until somebody has touched the page: then the page
// says so, in words.
let context = null, timer = null;

export function soundBlocked() {
  return context === null || context.state !== "running";
}

export async function allowSound() {
  context ??= new AudioContext();
  try { await context.resume(); } catch { /* it stays blocked, and the page says so */ }
}

function tone(at, frequency, seconds) {
  const o = context.createOscillator(), g = context.createGain();
  o.type = "triangle";
  o.frequency.value = frequency;
  g.gain.setValueAtTime(0, at);
  g.gain.linearRampToValueAtTime(0.5, at + 0.02);
  g.gain.setValueAtTime(0.5, at + seconds - 0.03);
  g.gain.linearRampToValueAtTime(0, at + seconds);
  o.connect(g).connect(context.destination);
  o.start(at);
  o.stop(at + seconds);
}

// A drill sounds different: one low tone, never the two of a real call.
function ringOnce(isDrill) {
  if (context === null || context.state !== "running") return;
  const t = context.currentTime + 0.02;
  if (isDrill) { tone(t, 330, 0.25); return; }
  for (let i = 0; i < 3; i++) {
    tone(t + i * 0.5, 880, 0.22);
    tone(t + i * 0.5 + 0.24, 660, 0.22);
  }
}

export function ring(isOn, isDrill) {
  if (isOn === (timer !== null)) return;
  clearInterval(timer);
  timer = null;
  if (!isOn) return;
  ringOnce(isDrill);
  timer = setInterval(() => ringOnce(isDrill), isDrill ? 4000 : 2000);
}

if (typeof AudioContext !== "undefined") {
  context = new AudioContext();
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, allowSound, { capture: true });
}
