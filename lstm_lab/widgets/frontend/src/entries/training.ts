import { TrainingView } from "../training";
import { laboratory } from "../lab";

export default laboratory("training", TrainingView);
