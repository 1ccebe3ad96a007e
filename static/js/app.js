// What makes the pages live. They work without it: links, forms, and the time in UTC.
import { startCopy } from "./copy.js";
import { startCountdown } from "./countdown.js";
import { startDetail } from "./detail.js";
import { startExport } from "./export.js";
import { startFeed } from "./feed.js";
import { startForms } from "./forms.js";
import { startJson } from "./json.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startPause } from "./pause.js";
import { startPicker } from "./picker.js";
import { startSelect } from "./select.js";
import { startTime } from "./time.js";

startTime();
startLive();
startFeed();
startDetail();
startForms();
startJson();
startExport();
startPicker();
startCountdown();
startPause();
startSelect();
startCopy();
startKeys();
