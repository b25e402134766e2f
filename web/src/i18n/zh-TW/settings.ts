import type { Part } from "../dictionary.ts";

export const settings: Part<"settings"> = {
  "settings.detail": "這些選擇儲存在此瀏覽器中。",
  "settings.languageDetail": "主控台的語言，事件內容維持原樣。",
  "settings.zoneDetail": "主控台中所有時間的顯示與輸入均使用此時區。",
  "settings.schemeDetail": "自動：依照系統設定。",
  "settings.licences": "主控台所用元件的授權條款",
};
