import { GatesView } from "../gates/view";
import { laboratory } from "../lab";

export default laboratory("gates", GatesView);
