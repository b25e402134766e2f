import { Button } from "@mantine/core";
import { IconLinkOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { api, taken } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { useT } from "../i18n/LanguageProvider.tsx";
import { EmptyNote } from "../ui/EmptyNote.tsx";
import { useTitle } from "../ui/Page.tsx";
import { ProblemNote } from "../ui/ProblemNote.tsx";

/** A short link: goes on to the address that it stands for, so that what is changed there is in the address again. */
export function ShortLink() {
  const t = useT();
  const router = useRouter();
  const { name } = useParams({ from: "/s/$name" });
  const { data, error, refetch } = useQuery({
    queryKey: ["link", name],
    queryFn: async ({ signal }) => taken(await api.GET("/api/v1/links/{name}", { params: { path: { name } }, signal })).address,
    staleTime: Infinity,
  });
  useTitle(t("link.opening"));
  useEffect(() => {
    if (data) router.history.replace(data);
  }, [data, router]);
  if (error instanceof Problem && error.status === 404) {
    return (
      <EmptyNote whole icon={<IconLinkOff />} title={t("link.none")} detail={t("link.noneHint")}>
        <Button component={Link} to="/">
          {t("page.home")}
        </Button>
      </EmptyNote>
    );
  }
  return error ? <ProblemNote error={error} again={() => void refetch()} /> : <h1 className="dim">{t("link.opening")}</h1>;
}
