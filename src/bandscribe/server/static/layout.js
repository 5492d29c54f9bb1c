// The rows of the picture, from top to bottom, and which one a height belongs to.

export const NAMES = {
  KD: "Kick", SD: "Snare", SS: "Side stick", CHH: "Closed hi-hat", OHH: "Open hi-hat",
  HT: "High tom", MT: "Mid tom", LT: "Low tom", CR: "Crash", RD: "Ride",
};
// Cymbals on top and the kick at the bottom, as in a score.
export const ORDER = ["CR", "RD", "OHH", "CHH", "HT", "MT", "LT", "SS", "SD", "KD"];

const HEIGHTS = { ruler: 30, wave: 92, instrument: 20, drum: 34 };

// Rows { kind, name, top, height }; `instruments` are those that play.
export function layOut(instruments) {
  const rows = [
    { kind: "ruler" },
    { kind: "wave" },
    ...instruments.map((lane) => ({ kind: "instrument", name: lane.class, lane })),
    ...ORDER.map((name) => ({ kind: "drum", name })),
  ];
  let top = 0;
  for (const row of rows) {
    row.top = top;
    row.height = HEIGHTS[row.kind];
    top += row.height;
  }
  return { rows, height: top };
}

export const rowAt = (layout, y) =>
  layout.rows.find((row) => y >= row.top && y < row.top + row.height) ?? layout.rows.at(-1);
