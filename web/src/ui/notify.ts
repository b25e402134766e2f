/** Tells of something that is done, in a corner and for a while. What shows it is loaded when it is first needed. */
export async function notify(message: string, title?: string): Promise<void> {
  const { notifications } = await import("@mantine/notifications");
  notifications.show({ title, message, color: "tide" });
}
