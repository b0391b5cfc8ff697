// Numbers with check digits, worked out anew by the standards.

const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

// GB 32100: the unified social credit code for these 17 characters.
export function creditCode(first17: string): string {
  let sum = 0;
  for (let i = 0, weight = 1; i < 17; i++, weight = (weight * 3) % 31) sum += ALPHABET.indexOf(first17[i]!) * weight;
  return first17 + ALPHABET[(31 - (sum % 31)) % 31];
}

// GB 11643: the citizen number for these 17 digits.
export function citizenNumber(first17: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, i) => total + weight * Number(first17[i]), 0);
  return first17 + '10X98765432'[sum % 11];
}
