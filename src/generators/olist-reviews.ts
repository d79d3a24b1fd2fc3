import { day, type OrderDates } from "./olist-orders.ts";
import { below, chance, pick, quantiles, type Random, weightedIndex } from "./random.ts";

/** Times in seconds since 1970; creation at midnight. */
export interface Review {
  readonly score: number;
  readonly title: string | null;
  readonly message: string | null;
  readonly created: number;
  readonly answered: number;
}

/** The index is the score. */
const scoreInTime = weightedIndex([0, 5851, 2335, 7086, 18033, 55348]);
const scoreLate = weightedIndex([0, 3554, 606, 875, 954, 1711]);
const scoreUndelivered = weightedIndex([0, 70, 8, 8, 5, 9]);
const messageShare = [0, 0.765, 0.68, 0.435, 0.312, 0.358] as const;
const titleShare = [0, 0.164, 0.152, 0.101, 0.091, 0.116] as const;
const minutesToAnswer = quantiles([0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1], [120, 540, 1140, 1440, 2400, 4440, 6960, 31740, 250000]);

export function drawReview(order: OrderDates, random: Random): Review {
  const score = scoreOf(order)(random);
  const asked = Math.min(order.delivered ?? Number.POSITIVE_INFINITY, order.estimated + 2 * day);
  const created = asked - (asked % day) + day;
  return {
    score,
    title: chance(random, titleShare[score] ?? 0) ? drawTitle(score, random) : null,
    message: chance(random, messageShare[score] ?? 0) ? drawMessage(score, random) : null,
    created,
    answered: created + minutesToAnswer(random) * 60 + below(random, 60),
  };
}

function scoreOf({ delivered, estimated }: OrderDates): (random: Random) => number {
  if (delivered === null) return scoreUndelivered;
  return delivered > estimated ? scoreLate : scoreInTime;
}

const goodPhrases = [
  "Produto excelente",
  "Chegou bem antes do prazo",
  "Ótima qualidade",
  "Entrega rápida",
  "Adorei",
  "Muito bom",
  "Veio tudo certinho",
  "Super recomendo a loja",
  "Gostei muito do acabamento",
  "Minha mãe ficou encantada",
  "Atendeu às minhas expectativas",
  "Já comprei outras vezes",
  "Embalagem caprichada",
  "Funciona perfeitamente",
  "Preço justo",
  "Vale a pena",
  "Comprarei novamente",
  "Igual ao da foto",
] as const;
const middlingPhrases = [
  "Produto razoável",
  "Demorou um pouco mais que o esperado",
  "A cor é diferente da foto",
  "Atende ao que promete",
  "O tamanho é menor do que eu imaginava",
  "Esperava um material melhor",
  "Veio sem o manual",
  "A caixa chegou amassada",
  "Pelo preço está bom",
  "Não é ruim",
] as const;
const badPhrases = [
  "Até agora não recebi o produto",
  "Veio com defeito",
  "Comprei duas unidades e só chegou uma",
  "Péssimo atendimento",
  "Quero meu dinheiro de volta",
  "Não corresponde à descrição",
  "A loja não responde",
  "Mandaram o modelo errado",
  "Chegou quebrado",
  "O prazo venceu há duas semanas",
  "Estou muito decepcionado",
  "A nota fiscal não veio",
  "Paguei frete caro e atrasou",
  "Não recomendo",
] as const;
const quotedPhrases = [
  'No anúncio está "original"',
  'A peça "grande" é pequena',
  'O vendedor disse "em até 5 dias"',
  'Comprei o "kit completo"',
] as const;
const goodTitles = ["Recomendo", "Ótimo produto", "Muito bom", "Excelente", "Perfeito", "super recomendo ", "Bom"] as const;
const otherTitles = ["Não recebi", "Produto errado", "Péssimo", "Atrasou", "Veio com defeito", "Entrega incompleta "] as const;

const oddTitles = ["10", "5 estrelas", "0", "1 item a menos", "Bom, mas demorou"] as const;

function drawTitle(score: number, random: Random): string {
  if (chance(random, 0.045)) return pick(random, oddTitles);
  return pick(random, score > 3 ? goodTitles : otherTitles);
}

/** Phrases with what real comments hold: commas, quotes, line breaks, accents, emoji, a digit in front, a blank at the end. */
function drawMessage(score: number, random: Random): string {
  if (chance(random, 0.0015)) return pick(random, ["10", "1000", "5 estrelas", "100% satisfeita, nota 10"]);
  const phrases = score > 3 ? goodPhrases : score === 3 ? middlingPhrases : badPhrases;
  const first = below(random, phrases.length);
  const phrase = (number: number): string => phrases[(first + number * 3) % phrases.length] ?? phrases[0];
  let text = chance(random, 0.006) ? pick(random, quotedPhrases) : phrase(0);
  const count = 1 + below(random, 4);
  for (let number = 1; number < count; number++) text += joined(phrase(number), random);
  text += pick(random, [".", ".", "", "!", "!!", "..."]);
  if (chance(random, 0.007)) text += " 👏🏻";
  if (chance(random, 0.04)) text = text.toUpperCase();
  if (chance(random, 0.195)) text += " ";
  return chance(random, 0.032) ? `${text}\n` : text;
}

function joined(phrase: string, random: Random): string {
  if (chance(random, 0.055)) return `${pick(random, ["\n", ".\n", ".\n\n"])}${phrase}`;
  return chance(random, 0.35) ? `${pick(random, [", ", " e "])}${phrase.charAt(0).toLowerCase()}${phrase.slice(1)}` : `. ${phrase}`;
}
