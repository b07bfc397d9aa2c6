import { laboratory } from "../lab";
import { SpreadView } from "../spread";

export default laboratory("spread", SpreadView);
