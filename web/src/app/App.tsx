import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { queries } from "../api/queries.ts";
import { LanguageProvider } from "../i18n/LanguageProvider.tsx";
import { Notices } from "../ui/Notices.tsx";
import { nonce } from "./nonce.ts";
import { router } from "./router.tsx";
import { theme } from "./theme.ts";

/** Everything that the pages stand on. */
export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <LanguageProvider>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
        <Notices />
      </LanguageProvider>
    </MantineProvider>
  );
}
