import { version } from "@freehold/web";

const app = document.querySelector("#app");
if (app) app.textContent = `Freehold ${version}`;
