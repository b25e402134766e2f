import { ActionIcon, Button, createTheme, Menu, Popover, Tooltip, type MantineColorsTuple } from "@mantine/core";

const tide: MantineColorsTuple = ["#e7f6f5", "#cfeae8", "#a1d6d2", "#6fc0bb", "#46ada7", "#259b95", "#0f827c", "#0b6d68", "#075753", "#034440"];

// A cool dark that the rail's ink goes with; 7 is the ground, 6 a surface, 4 a line.
const dark: MantineColorsTuple = ["#dfe7ec", "#b9c5cd", "#94a3ae", "#6b7b87", "#2f3d47", "#24303a", "#18222a", "#10181e", "#0b1217", "#070c10"];

// Neutral with a touch of the ink; 6 and darker keep 4.5:1 on white.
const gray: MantineColorsTuple = ["#f6f8f9", "#eef1f3", "#e2e7ea", "#d3dade", "#bcc6cc", "#93a0a8", "#5c6b75", "#475660", "#33414a", "#1b262d"];

/** Our look: compact, quiet surfaces, one colour for what can be done, red for what failed. */
export const theme = createTheme({
  colors: { tide, dark, gray },
  primaryColor: "tide",
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.32,
  black: "#15212a",
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'PingFang TC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
  fontFamilyMonospace: "'JetBrains Mono Variable', ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "19px" },
  headings: { fontWeight: "620", sizes: { h1: { fontSize: "20px" }, h2: { fontSize: "16px" }, h3: { fontSize: "14px" } } },
  defaultRadius: "md",
  radius: { xs: "3px", sm: "5px", md: "8px", lg: "12px" },
  cursorType: "pointer",
  components: {
    Button: Button.extend({ defaultProps: { size: "xs" } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray" } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 350, withArrow: true, fz: "xs" } }),
    // The placeholder for the first focus is no item of a menu, which a menu may not have; the first item has the focus.
    Menu: Menu.extend({ defaultProps: { shadow: "md", withinPortal: true, withInitialFocusPlaceholder: false } }),
    Popover: Popover.extend({ defaultProps: { shadow: "md", withinPortal: true } }),
  },
});
