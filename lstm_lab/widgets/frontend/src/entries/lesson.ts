import { laboratory } from "../lab";
import { LessonView } from "../lesson/view";

export default laboratory("lesson", LessonView);
