// Hands a request on to the servers of PocketLLM and streams their answer back.
//
// It holds no secret and decides nothing: the servers verify the caller's token themselves.
// POCKETLLM_FUNCTIONS_URL is where they are, such as https://functions.example.org/functions/v1.

const ADDRESS = "POCKETLLM_FUNCTIONS_URL";
const PATIENCE = "POCKETLLM_FUNCTIONS_SECONDS";
const USUAL_PATIENCE_SECONDS = 140; // the platform ends a function without an answer after 150

// What is between two machines only, what fetch writes itself, and credentials that are not for
// the servers: Supabase's gateway adds a token of its own as sb-api-key.
const NOT_SENT = new Set([
  "apikey",
  "connection",
  "content-length",
  "cookie",
  "expect",
  "forwarded",
  "host",
  "keep-alive",
  "proxy-authorization",
  "sb-api-key",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "x-real-ip",
]);
const NOT_SENT_FAMILIES = ["cf-", "sb-", "x-forwarded-", "x-envoy-", "x-amzn-"];

// The answer's body has been unpacked by fetch.
const NOT_RETURNED = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
]);

// Pages of any origin may call: a token is needed, and no cookie counts.
const FOR_PAGES = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "x-request-id, retry-after, location",
};
const FOR_PREFLIGHTS = {
  ...FOR_PAGES,
  "access-control-allow-headers":
    "authorization, apikey, x-client-info, content-type, accept, last-event-id, x-request-id",
  "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
  "access-control-max-age": "86400",
};

/** Return what answers for the function of this name. */
export function forwarder(name: string): (request: Request) => Promise<Response> {
  return (request) => forward(name, request);
}

async function forward(name: string, request: Request): Promise<Response> {
  if (request.method === "OPTIONS") {
    return new Response(null, { status: 204, headers: FOR_PREFLIGHTS });
  }
  const address = Deno.env.get(ADDRESS);
  if (!address) {
    return refuse(503, "unavailable", `${ADDRESS} is not set for this function.`);
  }
  const ended = new AbortController();
  const giveUp = () => ended.abort();
  request.signal.addEventListener("abort", giveUp); // whoever asked has gone away
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    giveUp();
  }, patienceMs());
  try {
    const answer = await fetch(target(address, name, request.url), {
      method: request.method,
      headers: headersToSend(request.headers),
      body: request.body,
      redirect: "manual", // a token stays where it was sent
      signal: ended.signal,
    });
    return new Response(answer.body, {
      status: answer.status,
      headers: headersToReturn(answer.headers),
    });
  } catch (error) {
    // The message may hold the address; the type says enough.
    console.error(`${name}: ${isLate ? "no answer in time" : (error as Error).name}`);
    return isLate
      ? refuse(504, "too_slow", "The servers did not answer in time.")
      : refuse(503, "unavailable", "The servers cannot be reached.");
  } finally {
    clearTimeout(timer);
  }
}

/** Return where a request goes: whatever follows the function's name is kept. */
function target(address: string, name: string, url: string): string {
  const { pathname, search } = new URL(url);
  const path = pathname.replace(/^\/functions\/v1(?=\/)/, "");
  const rest = path === `/${name}` || path.startsWith(`/${name}/`)
    ? path.slice(name.length + 1)
    : path;
  return `${address.replace(/\/+$/, "")}/${name}${rest === "/" ? "" : rest}${search}`;
}

function headersToSend(given: Headers): Headers {
  const kept = new Headers();
  for (const [name, value] of given) {
    if (!NOT_SENT.has(name) && !NOT_SENT_FAMILIES.some((family) => name.startsWith(family))) {
      kept.append(name, value);
    }
  }
  return kept;
}

function headersToReturn(given: Headers): Headers {
  const kept = new Headers(FOR_PAGES);
  for (const [name, value] of given) {
    if (!NOT_RETURNED.has(name)) {
      kept.set(name, value);
    }
  }
  return kept;
}

function patienceMs(): number {
  const seconds = Number(Deno.env.get(PATIENCE));
  return (seconds > 0 ? seconds : USUAL_PATIENCE_SECONDS) * 1000;
}

/** Answer as the servers do when they refuse. */
function refuse(status: number, code: string, message: string): Response {
  return Response.json(
    { error: { code, message, request_id: crypto.randomUUID() } },
    { status, headers: FOR_PAGES },
  );
}
