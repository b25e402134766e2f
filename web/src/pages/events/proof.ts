import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { api, taken } from "../../api/client.ts";

/** What of a proof is shown: where the event is sealed, and the file that proves it. */
export interface Proof {
  trail: string;
  seal: number;
  time: string;
  /** The key of the archive's object that holds the event. */
  object: string;
  file: Blob;
}

/** Reads a proof (docs/format/proof.md). It is not checked here: that is for whoever does not believe this server. */
export async function readProof(file: Blob): Promise<Proof> {
  const proof = JSON.parse(await file.text()) as { event: { object: string }; seal: { text: string } };
  const seal = JSON.parse(proof.seal.text) as { trail: string; number: number; time: string };
  return { trail: seal.trail, seal: seal.number, time: seal.time, object: proof.event.object, file };
}

const again = 15_000; // ms: an event is sealed within a minute or so

/** The proof of an event, once it is stayed with: whoever steps through a list asks for none on the way. */
export function useProof(id: string) {
  const [stayed] = useDebouncedValue(id, 400);
  return useQuery({
    queryKey: ["proof", id],
    queryFn: async ({ signal }) => readProof(taken(await api.GET("/api/v1/events/{eventId}/proof", { params: { path: { eventId: id } }, parseAs: "blob", signal })) as unknown as Blob),
    enabled: stayed === id,
    staleTime: Infinity,
    retry: false,
    refetchInterval: (query) => (query.state.error && query.state.errorUpdateCount < 8 ? again : false),
  });
}
