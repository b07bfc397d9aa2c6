import { CellView } from "../cell/view";
import { laboratory } from "../lab";

export default laboratory("cell", CellView);
