import { FanView } from "../fan";
import { laboratory } from "../lab";

export default laboratory("fan", FanView);
