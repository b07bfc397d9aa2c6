import { PanelView } from "../panel";
import { laboratory } from "../lab";

export default laboratory("panel", PanelView);
