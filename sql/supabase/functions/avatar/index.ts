import { forwarder } from "../_shared/forward.ts";

Deno.serve(forwarder("avatar"));
