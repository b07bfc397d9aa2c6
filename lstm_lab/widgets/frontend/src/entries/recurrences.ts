import { laboratory } from "../lab";
import { RecurrencesView } from "../recurrences";

export default laboratory("recurrences", RecurrencesView);
