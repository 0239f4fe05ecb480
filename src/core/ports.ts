/** True for a port that something can listen on: a whole number from 1 to 65535. */
export const isPort = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 65535;
