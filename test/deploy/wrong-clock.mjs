// A preload for Node (NODE_OPTIONS=--import=…): the wall clock of this process is wrong by WRONG_CLOCK_MS milliseconds.
const wrongBy = Number(process.env.WRONG_CLOCK_MS);
const TrueDate = Date;
globalThis.Date = class extends TrueDate {
  constructor(...given) {
    if (given.length === 0) super(TrueDate.now() + wrongBy);
    else super(...given);
  }

  static now() {
    return TrueDate.now() + wrongBy;
  }
};
