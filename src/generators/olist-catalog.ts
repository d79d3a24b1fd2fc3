import { type Place, sellerPlace } from "./olist-places.ts";
import { streams } from "./olist-streams.ts";
import { below, chance, idStream, pick, quantiles, type Random, randomStream, skewedBelow, weightedChoice } from "./random.ts";

/** What an item needs of its product; `price` in cents. */
export interface Offer {
  readonly productId: string;
  readonly sellerId: string;
  readonly price: number;
}

/** A row of the products file; nulls as in the real one. Lengths in characters and centimetres, weight in grams. */
export interface Product {
  readonly id: string;
  readonly category: string | null;
  readonly nameLength: number | null;
  readonly descriptionLength: number | null;
  readonly photos: number | null;
  readonly size: { readonly weight: number; readonly length: number; readonly height: number; readonly width: number } | null;
}

export interface Seller {
  readonly id: string;
  readonly place: Place;
}

/** Products and sellers, each made again from its number whenever it is needed. */
export interface Catalog {
  readonly products: number;
  readonly sellers: number;
  product(index: number): Product;
  seller(index: number): Seller;
  /** The product as sold today: a few products have a second seller, some sales a lower price. */
  offer(index: number, sale: Random): Offer;
  /** A product somebody buys: few are bought often, most hardly ever. */
  popular(sale: Random): number;
}

export function createCatalog(seed: number, products: number, sellers: number): Catalog {
  const productId = idStream(seed, streams.product);
  const sellerId = idStream(seed, streams.seller);
  const productRandom = randomStream(seed, streams.product);
  const offerRandom = randomStream(seed, streams.offer);
  const sellerRandom = randomStream(seed, streams.seller);
  return {
    products,
    sellers,
    product: (index) => {
      const category = categoryOf(offerRandom(index));
      return drawProduct(productId(index), category.name, productRandom(index));
    },
    seller: (index) => drawSeller(sellerId(index), sellerRandom(index)),
    offer: (index, sale) => {
      const random = offerRandom(index);
      const listed = priceOf(categoryOf(random), random);
      const price = chance(sale, 0.12) ? withEnding(Math.floor((listed * (80 + below(sale, 20))) / 100), sale) : listed;
      const first = skewedBelow(random, sellers);
      const seller = chance(random, 0.06) && chance(sale, 0.4) ? skewedBelow(random, sellers) : first;
      return { productId: productId(index), sellerId: sellerId(seller), price };
    },
    popular: (sale) => skewedBelow(sale, products),
  };
}

interface Category {
  readonly name: string | null;
  readonly products: number;
  /** Per cent of the usual price. */
  readonly price: number;
}

/** `name:products:price`; `-` stands for no category. */
const categories = `
  cama_mesa_banho:3029:110 esporte_lazer:2867:100 moveis_decoracao:2657:90 beleza_saude:2444:110
  utilidades_domesticas:2335:80 automotivo:1900:110 informatica_acessorios:1639:110 brinquedos:1411:110
  relogios_presentes:1329:170 telefonia:1134:40 bebes:919:100 perfumaria:868:110 fashion_bolsas_e_acessorios:849:70
  papelaria:849:110 cool_stuff:789:170 ferramentas_jardim:753:80 pet_shop:719:120 -:610:90 eletronicos:517:30
  construcao_ferramentas_construcao:400:120 eletrodomesticos:370:60 malas_acessorios:349:130 consoles_games:317:80
  moveis_escritorio:309:190 instrumentos_musicais:289:130 eletroportateis:231:130 casa_construcao:225:130
  livros_interesse_geral:216:60 fashion_calcados:173:100 moveis_sala:156:140 climatizacao:124:190 livros_tecnicos:123:80
  telefonia_fixa:116:90 casa_conforto:111:120 alimentos_bebidas:104:50 market_place:104:80 fashion_roupa_masculina:95:80
  moveis_cozinha_area_de_servico_jantar_e_jardim:94:150 sinalizacao_e_seguranca:93:100
  construcao_ferramentas_seguranca:91:170 eletrodomesticos_2:90:300 construcao_ferramentas_jardim:88:70 alimentos:82:70
  bebidas:81:60 construcao_ferramentas_iluminacao:78:140 agro_industria_e_comercio:74:340
  industria_comercio_e_negocios:68:140 artigos_de_natal:65:60 audio:58:120 artes:55:130
  fashion_underwear_e_moda_praia:53:80 dvds_blu_ray:48:30 moveis_quarto:45:240 construcao_ferramentas_ferramentas:39:80
  livros_importados:31:80 portateis_casa_forno_e_cafe:31:780 pcs:30:1470 cine_foto:28:100 fashion_roupa_feminina:27:70
  musica:27:70 artigos_de_festas:26:90 fashion_esporte:19:80 artes_e_artesanato:19:60 flores:14:30 fraldas_higiene:12:50
  la_cuisine:10:180 portateis_cozinha_e_preparadores_de_alimentos:10:50 moveis_colchao_e_estofado:10:110
  tablets_impressao_imagem:9:130 fashion_roupa_infanto_juvenil:5:90 casa_conforto_2:5:20 pc_gamer:3:170
  seguros_e_servicos:2:190 cds_dvds_musicais:1:60
`
  .trim()
  .split(/\s+/)
  .map(parseCategory) as [Category, ...Category[]];
const categoryOf = weightedChoice(
  categories,
  categories.map((each) => each.products),
);

function parseCategory(text: string): Category {
  const [name = "-", products, price] = text.split(":");
  return { name: name === "-" ? null : name, products: Number(products), price: Number(price) };
}

/** Thousandths of the category's usual price. */
const priceLevel = quantiles(
  [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1],
  [60, 137, 345, 588, 1000, 1650, 2930, 8000, 20000, 40000],
);
const cents = weightedChoice<number | null>([90, 0, 99, null, 50, 80, 49, 89, 40], [356, 291, 182, 107, 23, 14, 12, 8, 7]);
const usualPrice = 7500;
const lowestPrice = 85;
const highestPrice = 673_500;

function priceOf(of: Category, random: Random): number {
  const level = priceLevel(random);
  return withEnding(Math.min(Math.floor((usualPrice * of.price * level) / 100_000), highestPrice), random);
}

/** Prices like to end in ,90 or ,99. */
function withEnding(price: number, random: Random): number {
  return Math.max(lowestPrice, price - (price % 100) + (cents(random) ?? below(random, 100)));
}

const nameLength = quantiles([0, 0.1, 0.5, 0.9, 1], [5, 33, 51, 59, 77]);
const descriptionLength = quantiles([0, 0.01, 0.1, 0.5, 0.9, 0.99, 1], [4, 84, 207, 595, 1578, 3286, 3993]);
const photos = quantiles([0, 0.5, 0.9, 0.99, 1], [1, 2, 6, 9, 21]);
const weight = quantiles([0, 0.01, 0.1, 0.5, 0.9, 0.99, 1], [0, 60, 175, 700, 6300, 22538, 40426]);
const length = quantiles([0, 0.1, 0.5, 0.9, 1], [7, 16, 25, 53, 106]);
const height = quantiles([0, 0.1, 0.5, 0.9, 1], [2, 4, 13, 33, 106]);
const width = quantiles([0, 0.1, 0.5, 0.9, 1], [6, 11, 20, 40, 119]);

function drawProduct(id: string, category: string | null, random: Random): Product {
  const described = category !== null;
  return {
    id,
    category,
    nameLength: described ? nameLength(random) : null,
    descriptionLength: described ? descriptionLength(random) : null,
    photos: described ? photos(random) : null,
    size: chance(random, 0.0002) ? null : { weight: weight(random), length: length(random), height: height(random), width: width(random) },
  };
}

/** What people type into a city field. */
const untidyCities = [
  "sao paulo / sao paulo",
  "são paulo",
  "sao paulo - sp",
  "rio de janeiro, rio de janeiro, brasil",
  "santa barbara d´oeste",
  "novo hamburgo, rio grande do sul, brasil",
  "04482255",
  "cariacica / es",
  "arraial d'ajuda (porto seguro)",
  "sao  jose do rio pret",
] as const;

function drawSeller(id: string, random: Random): Seller {
  const place = sellerPlace(random);
  return { id, place: chance(random, 0.01) ? { ...place, city: pick(random, untidyCities) } : place };
}
