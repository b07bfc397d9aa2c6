import { laboratory } from "../lab";
import { LearningView } from "../learning/view";

export default laboratory("learning", LearningView);
