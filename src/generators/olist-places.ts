import { fraction, type Random, weightedChoice } from "./random.ts";

/** Where somebody lives or sells from. `freight`: per cent of the average freight to that state. */
export interface Place {
  readonly zip: string;
  readonly city: string;
  readonly state: string;
  readonly freight: number;
}

interface State {
  readonly state: string;
  /** Relative number of customers; the cities below are part of it, the rest lives in small towns. */
  readonly customers: number;
  readonly sellers: number;
  readonly freight: number;
  /** First and last zip prefix. */
  readonly zips: readonly [number, number];
  readonly cities: readonly (readonly [name: string, customers: number])[];
}

const states: readonly [State, ...State[]] = [
  state(
    "SP",
    41750,
    1850,
    80,
    [1003, 19970],
    "sao paulo:15540 campinas:1440 guarulhos:1190 sao bernardo do campo:940 santo andre:800 osasco:750 " +
      "santos:710 sao jose dos campos:690 sorocaba:630 jundiai:570 ribeirao preto:510 barueri:430 mogi das cruzes:380 piracicaba:370 " +
      "sao jose do rio preto:340 carapicuiba:330 maua:320 praia grande:310 taboao da serra:300 diadema:290 indaiatuba:280 bauru:270 taubate:270 " +
      "franca:160 embu-guacu:30 santa barbara d'oeste:110 mirassol d'oeste:5",
  ),
  state(
    "RJ",
    12850,
    170,
    108,
    [20010, 28999],
    "rio de janeiro:6880 niteroi:850 nova iguacu:440 sao goncalo:410 duque de caxias:270 petropolis:240 " +
      "macae:240 campos dos goytacazes:240 volta redonda:230 nova friburgo:150 varre-sai:5",
  ),
  state(
    "MG",
    11640,
    240,
    108,
    [30110, 39995],
    "belo horizonte:2770 juiz de fora:430 contagem:430 uberlandia:370 montes claros:210 betim:200 " +
      "uberaba:190 ipatinga:170 governador valadares:140 divinopolis:140",
  ),
  state(
    "RS",
    5470,
    130,
    110,
    [90010, 99990],
    "porto alegre:1380 caxias do sul:220 canoas:210 santa maria:190 pelotas:190 rio grande:130 " +
      "novo hamburgo:120 passo fundo:110 gravatai:110 sao leopoldo:110",
  ),
  state(
    "PR",
    5050,
    350,
    106,
    [80010, 87990],
    "curitiba:1520 londrina:310 maringa:270 cascavel:150 ponta grossa:140 sao jose dos pinhais:130 " +
      "foz do iguacu:90 toledo:70 pinhais:70 guarapuava:70",
  ),
  state("SC", 3640, 190, 109, [88010, 89998], "florianopolis:570 joinville:260 blumenau:190 sao jose:170 itajai:120 sao miguel d'oeste:30"),
  state(
    "BA",
    3380,
    19,
    128,
    [40010, 48990],
    "salvador:1250 feira de santana:190 vitoria da conquista:90 lauro de freitas:80 ilheus:70 xique-xique:5",
  ),
  state("DF", 2140, 30, 105, [70040, 73402], "brasilia:2130 taguatinga:4"),
  state("ES", 2030, 23, 111, [29010, 29985], "vitoria:380 vila velha:330 serra:290 cariacica:140 cachoeiro de itapemirim:120"),
  state("GO", 2020, 40, 111, [72800, 76730], "goiania:690 anapolis:110 aparecida de goiania:110 rio verde:70 jatai:50"),
  state("PE", 1650, 9, 166, [50010, 56980], "recife:610 jaboatao dos guararapes:140 olinda:90 petrolina:70 caruaru:60"),
  state("CE", 1340, 13, 166, [60010, 63960], "fortaleza:650 sobral:40 maracanau:40 caucaia:40 juazeiro do norte:30"),
  state("PA", 980, 1, 172, [66010, 68820], "belem:440 ananindeua:90 santarem:40 parauapebas:30 altamira:30"),
  state("MT", 910, 4, 137, [78005, 78890], "cuiaba:250 rondonopolis:70 sinop:50 varzea grande:40 primavera do leste:30"),
  state("MA", 750, 1, 210, [65010, 65980], "sao luis:350 imperatriz:40 balsas:17 caxias:16 timon:15"),
  state("MS", 720, 5, 112, [79002, 79995], "campo grande:320 dourados:60 tres lagoas:40 corumba:30 ponta pora:20"),
  state("PB", 540, 6, 211, [58010, 58995], "joao pessoa:260 campina grande:70 patos:16 cajazeiras:12 guarabira:10"),
  state("PI", 500, 1, 211, [64000, 64980], "teresina:280 parnaiba:23 picos:19 floriano:18"),
  state("RN", 490, 5, 210, [59010, 59995], "natal:210 parnamirim:60 mossoro:37 caico:10 pau dos ferros:9"),
  state("AL", 410, 0, 204, [57010, 57975], "maceio:250 arapiraca:29 palmeira dos indios:8 penedo:8"),
  state("SE", 350, 2, 184, [49000, 49995], "aracaju:225 itabaiana:16 nossa senhora do socorro:14 lagarto:11 estancia:9"),
  state("TO", 280, 0, 179, [77001, 77995], "palmas:90 araguaina:40 gurupi:24 paraiso do tocantins:10 porto nacional:8"),
  state("RO", 250, 2, 213, [76801, 76997], "porto velho:113 vilhena:18 ji-parana:17 ariquemes:13 cacoal:13 guajara-mirim:5"),
  state("AM", 150, 1, 165, [69005, 69299], "manaus:140 humaita:4 itacoatiara:3"),
  state("AC", 80, 1, 220, [69900, 69980], "rio branco:70 cruzeiro do sul:3 xapuri:2"),
  state("AP", 70, 0, 183, [68900, 68997], "macapa:54 santana:9 laranjal do jari:2"),
  state("RR", 50, 0, 196, [69301, 69380], "boa vista:45 bonfim:1"),
];

const townNames = [
  "sao joao",
  "santa rita",
  "bom jesus",
  "nova esperanca",
  "monte alegre",
  "santo antonio",
  "campo alegre",
  "pedra branca",
  "lagoa nova",
  "rio claro",
  "boa esperanca",
  "santa cruz",
  "porto feliz",
  "vista alegre",
  "sao pedro",
  "agua boa",
] as const;
const townEndings = ["", " do sul", " da serra", " do norte", " das flores", " do rio preto", " do oeste", " da barra"] as const;

const customerState = weightedChoice(
  states,
  states.map((each) => each.customers),
);
const sellerState = weightedChoice(
  states,
  states.map((each) => each.sellers),
);

export function customerPlace(random: Random): Place {
  return placeIn(customerState(random), random);
}

export function sellerPlace(random: Random): Place {
  return placeIn(sellerState(random), random);
}

/** One draw fixes both city and zip prefix, so that a prefix lies in one city: each city has its own part of the state's range. */
function placeIn({ state, customers, freight, zips: [first, last], cities }: State, random: Random): Place {
  const share = fraction(random);
  const zip = String(first + Math.floor(share * (last - first + 1))).padStart(5, "0");
  let point = share * customers;
  for (const [city, weight] of cities) {
    if (point < weight) return { zip, city, state, freight };
    point -= weight;
  }
  const inTowns = customers - cities.reduce((sum, [, weight]) => sum + weight, 0);
  const town = Math.floor((point / inTowns) * townNames.length * townEndings.length);
  const name = townNames[Math.floor(town / townEndings.length)] ?? townNames[0];
  return { zip, city: `${name}${townEndings[town % townEndings.length] ?? ""}`, state, freight };
}

/** `cities` is `name:customers` pairs, separated by a space after the number. */
function state(name: string, customers: number, sellers: number, freight: number, zips: readonly [number, number], cities: string): State {
  const pairs = [...cities.matchAll(/([^:]+):(\d+) ?/g)].map(([, city = "", count = "0"]) => [city, Number(count)] as const);
  return { state: name, customers, sellers, freight, zips, cities: pairs };
}
