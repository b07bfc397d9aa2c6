import { laboratory } from "../lab";
import { StudyView } from "../study";

export default laboratory("study", StudyView);
