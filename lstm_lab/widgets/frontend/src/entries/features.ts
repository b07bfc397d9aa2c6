import { FeaturesView } from "../features";
import { laboratory } from "../lab";

export default laboratory("features", FeaturesView);
