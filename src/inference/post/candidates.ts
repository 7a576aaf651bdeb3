/** Boxes over the threshold, in pixels of the model's input, in arrays that grow. */
export class Candidates {
  length = 0;
  x1 = new Float32Array(256);
  y1 = new Float32Array(256);
  x2 = new Float32Array(256);
  y2 = new Float32Array(256);
  score = new Float32Array(256);
  classId = new Int32Array(256);

  add(x1: number, y1: number, x2: number, y2: number, score: number, classId: number) {
    const i = this.length;
    if (i === this.score.length) this.#grow();
    this.x1[i] = x1;
    this.y1[i] = y1;
    this.x2[i] = x2;
    this.y2[i] = y2;
    this.score[i] = score;
    this.classId[i] = classId;
    this.length = i + 1;
  }

  /** From the middle and the sides. */
  addCentred(x: number, y: number, w: number, h: number, score: number, classId: number) {
    this.add(x - w / 2, y - h / 2, x + w / 2, y + h / 2, score, classId);
  }

  #grow() {
    for (const name of ["x1", "y1", "x2", "y2", "score"] as const) {
      const larger = new Float32Array(this[name].length * 2);
      larger.set(this[name]);
      this[name] = larger;
    }
    const larger = new Int32Array(this.classId.length * 2);
    larger.set(this.classId);
    this.classId = larger;
  }
}
