/** Numbers to choose by, one after the other; 0 where they run out. */
export class Dice {
  #next = 0;
  readonly #numbers: readonly number[];

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** A number from 0 up to but not including `n`. */
  roll(n: number): number {
    return (this.#numbers[this.#next++] ?? 0) % n;
  }

  /** One of several, of which there is at least one. */
  of<T>(choices: readonly T[]): T {
    return choices[this.roll(choices.length)]!;
  }

  flags(count: number): boolean[] {
    return Array.from({ length: count }, () => this.roll(2) === 1);
  }

  /** The numbers 0 … count-1 in some order. */
  order(count: number): number[] {
    const left = Array.from({ length: count }, (_, i) => i);
    return Array.from({ length: count }, () => left.splice(this.roll(left.length), 1)[0]!);
  }
}
