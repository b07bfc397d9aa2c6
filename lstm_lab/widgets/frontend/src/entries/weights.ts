import { WeightsView } from "../weights";
import { laboratory } from "../lab";

export default laboratory("weights", WeightsView);
